// The list of what to practise, with what this browser remembers, and how to take it along.
import { clear, draw, exported, imported, isDue, load, tell } from './boxes.js';

const places = [...document.querySelectorAll('[data-box]')];
const slugs = places.map((place) => place.dataset.box);
const status = document.getElementById('memory-status');

function show() {
  const answers = load();
  for (const place of places) place.textContent = tell(answers[place.dataset.box]);
  const due = slugs.filter((slug) => isDue(answers[slug])).length;
  document.getElementById('due-summary').textContent = due ? `${due} due today` : '';
}

document.getElementById('draw').addEventListener('click', (event) => {
  event.preventDefault();
  location.href = `/practice/${draw(slugs)}`;
});

document.getElementById('export').addEventListener('click', () => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([exported()], { type: 'application/json' }));
  link.download = 'show-your-work.json';
  link.click();
  URL.revokeObjectURL(link.href);
  status.textContent = 'Exported.';
});

document.getElementById('import').addEventListener('change', async (event) => {
  const [file] = event.target.files;
  if (!file) return;
  try {
    status.textContent = `Imported ${imported(await file.text())} questions.`;
  } catch {
    status.textContent = 'This file is not an export of this site.';
  }
  event.target.value = '';
  show();
});

// Asked twice, as there is no way back.
const button = document.getElementById('clear');
button.addEventListener('click', () => {
  if (button.dataset.asked === undefined) {
    button.dataset.asked = '';
    button.textContent = 'Clear everything?';
    return;
  }
  clear();
  delete button.dataset.asked;
  button.textContent = 'Clear';
  status.textContent = 'Cleared.';
  show();
});

document.getElementById('memory').hidden = false;
show();
