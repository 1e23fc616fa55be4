// A button that copies what stands beside it: lines for a terminal, and the story one tells.
function button(text, label) {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = 'copy-button';
  made.textContent = 'Copy';
  made.setAttribute('aria-label', label);
  made.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text());
      made.textContent = 'Copied';
    } catch {
      made.textContent = 'Select and copy by hand';
    }
    setTimeout(() => { made.textContent = 'Copy'; }, 1500);
  });
  return made;
}

// Adds the buttons to everything in `root` that has none yet.
export function addCopyButtons(root) {
  for (const block of root.querySelectorAll('pre.copy')) {
    const frame = document.createElement('div');
    frame.className = 'copy-frame';
    block.replaceWith(frame);
    frame.append(block, button(() => block.innerText, 'Copy this command'));
  }
  for (const story of root.querySelectorAll('[data-copy]')) {
    const paragraphs = [...story.querySelectorAll('p')];
    const text = () => paragraphs.map((one) => one.innerText.trim()).join('\n\n');
    story.append(button(text, 'Copy this story'));
  }
}

addCopyButtons(document);
