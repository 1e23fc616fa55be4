// One question against the clock: the time, what was said, and when it comes back.
import { draw, grade, load } from './boxes.js';

const page = document.getElementById('practice');
const slug = page.dataset.slug;
const time = document.getElementById('time');
const start = document.getElementById('clock-start');
const status = document.getElementById('clock-status');
const judge = document.getElementById('judge');
const ticks = [...document.querySelectorAll('input[name="heard"]')];
let ends = 0;
let ticking = 0;

const chosen = () => Number(document.querySelector('input[name="seconds"]:checked').value);

function show(left) {
  const seconds = Math.max(0, Math.ceil(left));
  time.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

function stop(text) {
  clearInterval(ticking);
  ticking = 0;
  start.textContent = 'Start again';
  status.textContent = text;
  page.classList.remove('speaking');
  judge.hidden = false;
}

function tick() {
  const left = (ends - performance.now()) / 1000;
  show(left);
  if (left <= 0) {
    page.classList.add('over');
    stop('Time is up.');
  }
}

start.addEventListener('click', () => {
  if (ticking) return stop('Stopped.');
  page.classList.remove('over');
  page.classList.add('speaking');
  ends = performance.now() + chosen() * 1000;
  ticking = setInterval(tick, 200);
  start.textContent = 'I am done';
  status.textContent = `${chosen()} seconds. Speak.`;
  tick();
});

document.querySelectorAll('input[name="seconds"]').forEach((choice) => {
  choice.addEventListener('change', () => { if (!ticking) show(chosen()); });
});
document.getElementById('answer').addEventListener('toggle', () => { judge.hidden = false; });

// A follow-up is asked when the one before it was answered.
const depths = [...document.querySelectorAll('.depth')];
depths.forEach((depth, index) => {
  depth.hidden = index > 0;
  depth.querySelector('details').addEventListener('toggle', () => {
    if (depths[index + 1]) depths[index + 1].hidden = false;
  });
});

// What was missed last time is what to listen for this time.
for (const index of load()[slug]?.missed ?? []) {
  ticks[index]?.closest('label').classList.add('missed-before');
}

for (const button of judge.querySelectorAll('[data-grade]')) {
  button.addEventListener('click', () => {
    const missed = ticks.filter((tick) => !tick.checked).map((tick) => Number(tick.value));
    const { box, days } = grade(slug, button.dataset.grade, missed);
    const when = { 0: 'right away', 1: 'tomorrow' }[days] ?? `in ${days} days`;
    document.getElementById('judge-status').textContent = `Box ${box} of 5: it comes back ${when}.`;
    judge.querySelectorAll('[data-grade]').forEach((other) => other.setAttribute('aria-pressed', other === button));
  });
}

// The next question is what is due, which only this browser knows.
document.getElementById('next').addEventListener('click', async (event) => {
  event.preventDefault();
  const response = await fetch('/practice');
  const list = new DOMParser().parseFromString(await response.text(), 'text/html');
  const slugs = [...list.querySelectorAll('[data-box]')].map((one) => one.dataset.box);
  location.href = `/practice/${draw(slugs.filter((one) => one !== slug))}`;
});

document.getElementById('clock').hidden = false;
show(chosen());
