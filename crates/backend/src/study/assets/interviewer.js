// Flips a switch: follows the run without it and the run with it, then shows what changed.
import { follow, post, say } from './follow.js';

const where = document.getElementById('follow');
const problem = document.getElementById('run-problem');
const live = where.querySelector('details');
let current = null;

function running(section, is) {
  for (const button of document.querySelectorAll('.flip .primary')) button.disabled = is;
  section.querySelector('.stop').hidden = !is;
  section.toggleAttribute('data-running', is);
}

// The page knows what changed; only that part of it is taken over.
async function showChange(section) {
  const response = await fetch(location.pathname);
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  const id = `changed-${section.id}`;
  const changed = page.getElementById(id);
  document.getElementById(id).replaceWith(changed);
  if (!changed.firstElementChild) return;
  live.open = false;
  // A run without its protection is meant to fail: the comparison is the verdict.
  document.getElementById('run-status-text').textContent = 'Done. What changed stands below.';
}

async function watch(section, runs) {
  section.querySelector('form').after(where);
  live.hidden = false;
  running(section, true);
  for (const run of runs) {
    current = run;
    await follow(run.events);
  }
  running(section, false);
  await showChange(section);
}

for (const section of document.querySelectorAll('section.switch')) {
  const form = section.querySelector('form.flip');
  form?.addEventListener('submit', async (event) => {
    event.preventDefault();
    say(problem, '');
    try {
      const accepted = await post(form.action, new URLSearchParams(new FormData(form)));
      document.getElementById(`changed-${section.id}`).replaceChildren();
      await watch(section, accepted.follow);
    } catch (error) {
      running(section, false);
      say(problem, error.message);
    }
  });
  section.querySelector('.stop')?.addEventListener('click', () => {
    post(current.stop).catch((error) => say(problem, error.message));
  });
  const { run } = section.dataset;
  if (run) watch(section, [{ events: `/runs/${run}/events`, stop: `/runs/${run}/stop` }]);
}
