// Sends one request and shows it, and its response, as they went over the wire.
function block(title, text, className) {
  const figure = document.createElement('figure');
  figure.className = className;
  const caption = document.createElement('figcaption');
  caption.textContent = title;
  const pre = document.createElement('pre');
  pre.className = 'code';
  pre.tabIndex = 0;
  pre.textContent = text;
  figure.append(caption, pre);
  return figure;
}

function pretty(text, type) {
  if (!/json/.test(type ?? '')) return text;
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

const lines = (headers) => [...headers].map(([name, value]) => `${name}: ${value}`).join('\n');

// Gives status, headers and parsed body; `into` gets the exchange, the latest one first.
export async function send(into, { method, path, headers, body }) {
  const shown = { host: location.host, ...headers };
  const request = `${method} ${path} HTTP/1.1\n${lines(Object.entries(shown))}${body ? `\n\n${body}` : ''}`;
  const exchange = document.createElement('div');
  exchange.className = 'exchange';
  exchange.append(block('Request', request, 'request'));
  into.prepend(exchange);
  while (into.children.length > 2) into.lastElementChild.remove();
  const began = performance.now();
  try {
    const response = await fetch(path, { method, headers, body: body || undefined });
    const text = await response.text();
    const took = Math.round(performance.now() - began);
    const type = response.headers.get('content-type');
    const head = `HTTP/1.1 ${response.status} ${response.statusText}\n${lines(response.headers)}`;
    const shownBody = text && `\n\n${pretty(text, type)}`;
    const title = `Response, ${response.status} in ${took} ms`;
    exchange.append(block(title, head + shownBody, response.ok ? 'response good' : 'response bad'));
    let json = null;
    try { json = JSON.parse(text); } catch { /* Not every body is JSON. */ }
    return { status: response.status, headers: response.headers, json };
  } catch {
    exchange.append(block('Response', 'None: the server does not answer.', 'response bad'));
    return { status: 0, headers: new Headers(), json: null };
  }
}
