// Makes a part of the page like a fresh one, in place: what is open, focused or chosen stays so.
// Children with an id are recognised by it, also where their order changed; others by their place.

const KEPT = new Set(["open"]);

// Returns the elements that came new among children with an id.
export function morph(old, fresh, added = []) {
  if (old.isEqualNode(fresh)) return added;
  attributes(old, fresh);
  const known = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  let here = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const found = wanted.id ? known.get(wanted.id) : here;
    if (!found || found.nodeName !== wanted.nodeName || (!wanted.id && found.id)) {
      old.insertBefore(wanted, here);
      if (wanted.id) added.push(wanted);
      continue;
    }
    if (found === here) here = here.nextSibling;
    else old.insertBefore(found, here);
    if (found.nodeType === Node.ELEMENT_NODE) {
      if (!found.hasAttribute("data-own")) morph(found, wanted, added);
    } else if (found.data !== wanted.data) {
      found.data = wanted.data;
    }
  }
  while (here) {
    const next = here.nextSibling;
    here.remove();
    here = next;
  }
  return added;
}

function attributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!KEPT.has(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (!KEPT.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}
