// Judges a guess when its measured value is revealed.
function judged(guess, measured) {
  const factor = guess / measured;
  if (guess === measured) return 'Exactly right.';
  if (!Number.isFinite(factor) || factor <= 0) return '';
  if (factor >= 0.8 && factor <= 1.25) return 'Well guessed.';
  const off = factor > 1 ? factor : 1 / factor;
  const digits = off < 10 ? off.toFixed(1) : Math.round(off).toString();
  return `Your guess is ${digits}× too ${factor > 1 ? 'high' : 'low'}.`;
}

for (const card of document.querySelectorAll('.predict-card')) {
  const field = card.querySelector('input');
  const reveal = card.querySelector('.reveal');
  reveal?.addEventListener('toggle', () => {
    if (!reveal.open) return;
    const guess = field.value.trim() === '' ? NaN : Number(field.value);
    const text = Number.isNaN(guess) ? 'You did not guess; the next number sticks better if you do.' : judged(guess, Number(reveal.dataset.measured));
    reveal.querySelector('output').textContent = text;
  });
  // Enter in the field reveals, instead of starting the demo.
  field.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    if (reveal) reveal.open = true;
  });
}
