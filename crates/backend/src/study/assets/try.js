// The forms of "Try the API": sign in once, then call anything; what one response names, the next
// request can use.
import { send } from './exchange.js';

const TOKEN = 'show-your-work-token';
const signIn = document.getElementById('sign-in-form');
const status = document.getElementById('sign-in-status');
const exchanges = document.getElementById('sign-in-exchanges');
const logOut = document.getElementById('log-out');
const JSON_TYPE = { 'content-type': 'application/json' };

// In the tab alone: the storage of the session ends with it.
let token = read();

function read() {
  try { return sessionStorage.getItem(TOKEN); } catch { return null; }
}

function keep(value, text) {
  token = value;
  try {
    if (value) sessionStorage.setItem(TOKEN, value);
    else sessionStorage.removeItem(TOKEN);
  } catch { /* Kept in this page then. */ }
  status.textContent = text;
  logOut.hidden = !value;
  document.body.toggleAttribute('data-signed-in', Boolean(value));
}

async function register({ email, password }) {
  const body = JSON.stringify({ email, name: email.split('@')[0], password });
  const made = await send(exchanges, { method: 'POST', path: '/api/v1/users', headers: JSON_TYPE, body });
  return made.status === 201 || made.status === 409;
}

async function logIn({ email, password }) {
  const body = JSON.stringify({ email, password });
  const granted = await send(exchanges, { method: 'POST', path: '/api/v1/sessions', headers: JSON_TYPE, body });
  const access = granted.json?.access_token;
  if (access) keep(access, `Signed in as ${email}.`);
  else keep(null, `Not signed in: ${granted.json?.detail ?? 'no token came back'}`);
}

signIn.addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = Object.fromEntries(new FormData(signIn));
  const only = event.submitter?.id === 'log-in';
  if (only || await register(form)) await logIn(form);
  else status.textContent = 'The account was refused; the response says why.';
});
logOut.addEventListener('click', () => keep(null, 'Nobody is signed in.'));

// Path, headers and body of a form as it is filled in.
function requestOf(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  const headers = {};
  for (const field of form.querySelectorAll('input')) {
    const value = field.value.trim();
    const [place, name] = [field.name.slice(0, field.name.indexOf('.')), field.name.slice(field.name.indexOf('.') + 1)];
    if (place === 'path') path = path.replace(`{${name}}`, encodeURIComponent(value));
    else if (value && place === 'query') query.append(name, value);
    else if (value && place === 'header') headers[name.toLowerCase()] = value;
  }
  if ('guarded' in form.dataset && token) headers.authorization = `Bearer ${token}`;
  const body = form.querySelector('textarea');
  if (body) headers['content-type'] = body.dataset.mediaType;
  const search = query.size ? `?${query}` : '';
  return { method: form.dataset.method, path: path + search, headers, body: body?.value };
}

// The tag and the id of what came back are what the next request is about.
function carryOver(form, { headers, json }) {
  const group = form.closest('section');
  const tag = headers.get('etag');
  const last = headers.get('location')?.split('/').pop();
  const known = { 'path.id': json?.id ?? last, 'path.slug': json?.slug ?? last };
  for (const field of group.querySelectorAll('input')) {
    if (tag && field.name.toLowerCase() === 'header.if-match') field.value = tag;
    if (known[field.name]) field.value = known[field.name];
  }
}

for (const form of document.querySelectorAll('.try-form')) {
  form.hidden = false;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const answer = await send(form.parentElement.querySelector('.exchanges'), requestOf(form));
    if (answer.status >= 200 && answer.status < 300) carryOver(form, answer);
  });
}

const unique = Math.random().toString(36).slice(2, 8);
signIn.elements.email.value = `ada-${unique}@example.org`;
signIn.hidden = false;
keep(token, token ? 'Signed in earlier in this tab.' : 'Nobody is signed in.');
