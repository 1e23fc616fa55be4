// The reader's own progress beside each question of the front page.
import { isDue, load, tell } from './boxes.js';

export function show() {
  const answers = load();
  for (const place of document.querySelectorAll('[data-progress]')) {
    const text = tell(answers[place.dataset.progress]);
    place.textContent = text && `you: ${text}`;
    place.hidden = !text;
  }
  const summary = document.getElementById('progress-summary');
  const entries = Object.values(answers);
  if (!summary || !entries.length) return;
  const read = entries.filter((one) => one.read).length;
  const practised = entries.filter((one) => one.times).length;
  const due = entries.filter((one) => isDue(one)).length;
  summary.textContent = `You have read ${read} and practised ${practised} of 18; ${due} due. `;
  const link = document.createElement('a');
  link.href = '/practice';
  link.textContent = 'Practise';
  summary.append(link);
  summary.hidden = false;
}

show();
