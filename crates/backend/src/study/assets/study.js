// Follows a demo run: each message holds elements, which replace the element of their id or are
// added to the one that `data-into` names. All rendering happens on the server.
'use strict';

const demo = document.getElementById('demo');
const form = document.getElementById('run-form');
const problem = document.getElementById('run-problem');
const stop = document.getElementById('run-stop');

function place(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  for (const element of [...template.content.children]) {
    const present = document.getElementById(element.id);
    if (present) present.replaceWith(element);
    else document.getElementById(element.dataset.into)?.append(element);
  }
}

function running(is) {
  form?.querySelectorAll('button.primary, input').forEach((field) => { field.disabled = is; });
  if (stop) { stop.hidden = !is; stop.disabled = !is; }
  demo.toggleAttribute('data-running', is);
}

function say(text) {
  problem.textContent = text;
  problem.hidden = !text;
}

function follow() {
  running(true);
  const source = new EventSource('/runs/current/events');
  source.addEventListener('html', (message) => place(message.data));
  source.addEventListener('finished', () => { source.close(); running(false); });
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) running(false);
  });
}

async function post(address, body) {
  const response = await fetch(address, { method: 'POST', body, headers: { accept: 'application/json' } });
  if (response.ok) return true;
  const told = await response.json().catch(() => ({}));
  say(told.detail ?? 'The server refused.');
  return false;
}

form?.addEventListener('submit', async (event) => {
  event.preventDefault();
  say('');
  try {
    if (event.submitter === stop) {
      stop.disabled = true;
      await post('/runs/current/stop');
    } else if (await post(form.action, new URLSearchParams(new FormData(form)))) {
      document.getElementById('recorded-run')?.removeAttribute('open');
      follow();
    }
  } catch {
    say('The server does not answer. Is it still running?');
  }
});

if (demo?.hasAttribute('data-running')) follow();

// On a phone, code stays folded until it is asked for.
if (matchMedia('(max-width: 45rem)').matches) {
  document.querySelectorAll('details.code-item').forEach((item) => item.removeAttribute('open'));
}

// A link to a folded item opens it.
function unfold() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.tagName === 'DETAILS') target.open = true;
}
addEventListener('hashchange', unfold);
unfold();

// Printing shows everything.
addEventListener('beforeprint', () => {
  document.querySelectorAll('details').forEach((item) => item.setAttribute('open', ''));
});

for (const block of document.querySelectorAll('pre.copy')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy-button';
  button.textContent = 'Copy';
  button.addEventListener('click', async () => {
    await navigator.clipboard?.writeText(block.innerText);
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  });
  block.before(button);
}
