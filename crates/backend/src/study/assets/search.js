// Search as one types. The form works by itself; this only spares the Enter.
import { show } from './progress.js';

const form = document.getElementById('search');
const field = document.getElementById('q');
let waiting = 0;
let asked = 0;

async function search() {
  const mine = ++asked;
  const address = field.value.trim() ? `/?q=${encodeURIComponent(field.value.trim())}` : '/';
  try {
    const response = await fetch(address);
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    const found = page.getElementById('results');
    // An answer that was overtaken by a later one is out of date.
    if (mine !== asked || !found) return;
    document.getElementById('results').replaceWith(found);
    history.replaceState(null, '', address);
    show();
  } catch {
    form.submit();
  }
}

field.addEventListener('input', () => {
  clearTimeout(waiting);
  waiting = setTimeout(search, 150);
});
form.addEventListener('submit', (event) => {
  event.preventDefault();
  clearTimeout(waiting);
  search();
});
