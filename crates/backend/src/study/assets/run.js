// Runs the demo of an answer from its page.
import { addCopyButtons } from './copy.js';
import { follow, post, say } from './follow.js';

const demo = document.getElementById('demo');
const form = document.getElementById('run-form');
const problem = document.getElementById('run-problem');
const stop = document.getElementById('run-stop');
let current = demo?.dataset.run && runOf(demo.dataset.run);

function runOf(number) {
  return { events: `/runs/${number}/events`, stop: `/runs/${number}/stop` };
}

function running(is) {
  form?.querySelectorAll('button.primary, input').forEach((field) => { field.disabled = is; });
  document.querySelectorAll('input[form="run-form"]').forEach((field) => { field.readOnly = is; });
  if (stop) { stop.hidden = !is; stop.disabled = false; }
  demo.toggleAttribute('data-running', is);
}

// The story is told with the numbers of the run that just ended.
async function retell() {
  const present = document.getElementById('your-story');
  const response = await fetch(location.pathname);
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  const told = page.getElementById('your-story');
  if (!present || !told) return;
  const chosen = present.querySelector('input:checked')?.value;
  present.replaceWith(told);
  addCopyButtons(told);
  told.querySelectorAll('input').forEach((choice) => { choice.checked = choice.value === chosen; });
}

async function watch(run) {
  current = run;
  running(true);
  await follow(run.events);
  running(false);
  await retell().catch(() => {}); // The next visit shows it.
}

async function start() {
  const accepted = await post(form.action, new URLSearchParams(new FormData(form)));
  document.getElementById('elsewhere')?.remove();
  document.getElementById('recorded-run')?.removeAttribute('open');
  await watch(accepted.follow[0]);
}

form?.addEventListener('submit', async (event) => {
  event.preventDefault();
  say(problem, '');
  try {
    if (event.submitter === stop) {
      stop.disabled = true;
      await post(current.stop);
    } else {
      await start();
    }
  } catch (error) {
    say(problem, error.message);
  }
});

if (current) watch(current);
