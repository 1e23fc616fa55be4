// Follows runs: each message holds elements, which replace the element of their id or are added to
// the one that `data-into` names. All rendering happens on the server.
export function place(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  for (const element of [...template.content.children]) {
    const present = document.getElementById(element.id);
    if (present) present.replaceWith(element);
    else document.getElementById(element.dataset.into)?.append(element);
  }
}

// Resolves when the run is over, or when the server no longer knows it.
export function follow(address) {
  return new Promise((resolve) => {
    const source = new EventSource(address);
    source.addEventListener('html', (message) => place(message.data));
    source.addEventListener('finished', () => { source.close(); resolve(); });
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED) resolve();
    });
  });
}

// Posts a form; gives the answer, or throws what the server says about it.
export async function post(address, body) {
  const headers = { accept: 'application/json' };
  let response;
  try {
    response = await fetch(address, { method: 'POST', body, headers });
  } catch {
    throw new Error('The server does not answer. Is it still running?');
  }
  const told = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(told.detail ?? 'The server refused.');
  return told;
}

export function say(place, text) {
  place.textContent = text;
  place.hidden = !text;
}
