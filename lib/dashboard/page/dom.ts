/** The element of the page with this id. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no element "${id}".`);
  return found;
}

/** A new element. Text becomes text nodes, so that nothing in it is markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className = '',
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  made.append(...children);
  return made;
}

/** Sets a text only where it differs, so that selections and screen readers are left alone. */
export function setText(target: Node, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

export function setData(target: HTMLElement, name: string, value: string): void {
  if (target.dataset[name] !== value) target.dataset[name] = value;
}

export function setLabel(target: Element, label: string): void {
  if (target.getAttribute('aria-label') !== label) target.setAttribute('aria-label', label);
}

/** A part of the page that shows one item of a list. */
export interface Part<Item> {
  readonly root: HTMLElement;
  update(item: Item): void;
}

/** Shows a list, and keeps the element of each item as long as the item is there. */
export class PartList<Item, P extends Part<Item>> {
  readonly parts = new Map<string, P>();

  constructor(
    private readonly parent: HTMLElement,
    private readonly keyOf: (item: Item) => string,
    private readonly create: (item: Item) => P,
  ) {}

  update(items: readonly Item[]): void {
    const keys = new Set(items.map(this.keyOf));
    for (const [key, part] of this.parts) {
      if (keys.has(key)) continue;
      part.root.remove();
      this.parts.delete(key);
    }
    items.forEach((item, place) => {
      const key = this.keyOf(item);
      const part = this.parts.get(key) ?? this.create(item);
      this.parts.set(key, part);
      part.update(item);
      const there = this.parent.children[place];
      if (there !== part.root) this.parent.insertBefore(part.root, there ?? null);
    });
  }
}
