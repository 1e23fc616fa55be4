// What the reader has read and practised: Leitner's boxes, kept in this browser and nowhere else.
// A question that was said goes one box up and rests longer; one that was missed starts again.
const KEY = 'show-your-work';
const DAY = 24 * 60 * 60 * 1000;
// Days that a question rests in each box.
const REST = [0, 1, 3, 7, 14, 30];
const GRADES = ['missed', 'partly', 'said'];
const MOST = 200;

export function load() {
  try {
    return parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {}; // Storage may be switched off.
  }
}

function save(answers) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ version: 1, answers }));
    return true;
  } catch {
    return false;
  }
}

// Nothing else than what this file writes is taken from a file or from the storage.
function parse(text) {
  const stored = JSON.parse(text ?? 'null');
  if (stored?.version !== 1 || typeof stored.answers !== 'object') return null;
  const clean = {};
  for (const [slug, one] of Object.entries(stored.answers).slice(0, MOST)) {
    if (!/^[a-z0-9-]{1,60}$/.test(slug) || typeof one !== 'object' || one === null) continue;
    const entry = {};
    if (Number.isFinite(one.read)) entry.read = one.read;
    if (Number.isInteger(one.box) && one.box >= 0 && one.box < REST.length) entry.box = one.box;
    if (Number.isFinite(one.due)) entry.due = one.due;
    if (Number.isInteger(one.times) && one.times > 0) entry.times = one.times;
    if (GRADES.includes(one.last)) entry.last = one.last;
    if (Array.isArray(one.missed)) entry.missed = one.missed.filter(Number.isInteger).slice(0, 20);
    clean[slug] = entry;
  }
  return clean;
}

export function markRead(slug) {
  const answers = load();
  answers[slug] = { ...answers[slug], read: Date.now() };
  save(answers);
}

// Moves a question to its next box; `missed` are the parts that were not said.
export function grade(slug, how, missed, now = Date.now()) {
  const answers = load();
  const before = answers[slug]?.box ?? 0;
  const box = { missed: 0, partly: Math.max(before, 1), said: Math.min(before + 1, REST.length - 1) }[how];
  const times = (answers[slug]?.times ?? 0) + 1;
  answers[slug] = { ...answers[slug], box, times, last: how, missed, due: now + REST[box] * DAY };
  save(answers);
  return { box, days: REST[box] };
}

export function isDue(entry, now = Date.now()) {
  return entry?.times > 0 && (entry.due ?? 0) <= now;
}

// What to ask next: what is due, longest first; then what was never practised; then anything.
export function draw(slugs, now = Date.now()) {
  const answers = load();
  const due = slugs.filter((slug) => isDue(answers[slug], now));
  if (due.length) return due.sort((one, other) => answers[one].due - answers[other].due)[0];
  const fresh = slugs.filter((slug) => !answers[slug]?.times);
  const pool = fresh.length ? fresh : slugs;
  return pool[Math.floor(Math.random() * pool.length)];
}

export function tell(entry) {
  if (entry?.times) return `box ${entry.box} of ${REST.length - 1}${isDue(entry) ? ', due' : ''}`;
  return entry?.read ? 'read' : '';
}

export const exported = () => JSON.stringify({ version: 1, answers: load() }, null, 2);

// Tells how many questions were taken over; throws where the file is not one of ours.
export function imported(text) {
  const answers = parse(text);
  if (!answers) throw new Error('not an export of this site');
  save({ ...load(), ...answers });
  return Object.keys(answers).length;
}

export function clear() {
  try { localStorage.removeItem(KEY); } catch { /* Nothing was kept. */ }
}
