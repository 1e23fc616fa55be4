// What every page does: links to something folded open it, printing opens everything, and an answer
// that was read to its end is remembered.
import { markRead } from './boxes.js';

function unfold() {
  const id = decodeURIComponent(location.hash.slice(1));
  const target = id && document.getElementById(id);
  if (!target) return;
  if (target.tagName === 'DETAILS') target.open = true;
  target.closest('details')?.setAttribute('open', '');
}
addEventListener('hashchange', unfold);
unfold();

addEventListener('beforeprint', () => {
  document.querySelectorAll('details').forEach((item) => item.setAttribute('open', ''));
});

// On a phone, code stays folded until it is asked for.
if (matchMedia('(max-width: 45rem)').matches) {
  document.querySelectorAll('details.code-item').forEach((item) => item.removeAttribute('open'));
}

// The section in view is marked in the line of links beside it.
const links = new Map([...document.querySelectorAll('.jump a')].map((link) => [link.hash.slice(1), link]));
const seen = new IntersectionObserver((entries) => {
  const entry = entries.find((one) => one.isIntersecting);
  if (!entry) return;
  links.forEach((link) => link.removeAttribute('aria-current'));
  links.get(entry.target.id)?.setAttribute('aria-current', 'true');
}, { rootMargin: '-20% 0px -70% 0px' });
links.forEach((_, id) => { const part = document.getElementById(id); if (part) seen.observe(part); });

const answer = document.querySelector('article.answer');
const end = answer?.querySelector('.neighbours');
if (end) {
  new IntersectionObserver((entries) => {
    if (entries.some((one) => one.isIntersecting)) markRead(answer.dataset.slug);
  }).observe(end);
}
