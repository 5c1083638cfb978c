"""What is looked at on every page: widths, themes, and what is measured inside the browser."""

WIDTHS = (360, 768, 1280)
THEMES = ("light", "dark")

# The least contrast of each text with what lies under it: WCAG 2 relative luminance, colours that
# are not opaque are laid over what is behind them. Texts of drawings have their fill for a colour.
LEAST_CONTRAST = """() => {
  const part = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = c => 0.2126 * part(c[0]) + 0.7152 * part(c[1]) + 0.0722 * part(c[2]);
  const read = s => { const n = s.match(/[\\d.]+/g).map(Number); return n.length > 3 ? n : [...n, 1]; };
  const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3]));
  const ground = e => {
    const layers = [];
    for (let at = e; at; at = at.parentElement) {
      const c = read(getComputedStyle(at).backgroundColor);
      layers.push(c);
      if (c[3] === 1) break;
    }
    return layers.reverse().reduce((below, c) => over(c, below), [255, 255, 255]);
  };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), e = walk.currentNode.parentElement;
    if (!text || ['TITLE', 'DESC'].includes(e.tagName.toUpperCase()) || !e.getClientRects().length) continue;
    const style = getComputedStyle(e), under = ground(e);
    const ink = over(read(e.namespaceURI.endsWith('svg') ? style.fill : style.color), under);
    const [a, b] = [light(ink), light(under)].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), text.slice(0, 40)]);
  }
  return found.sort((x, y) => x[0] - y[0])[0];
}"""

# Texts of a drawing that lie over each other, or stick out of the page.
COLLISIONS = """() => {
  const bad = [];
  for (const chart of document.querySelectorAll('svg.chart')) {
    const boxes = [...chart.querySelectorAll('tspan, text:not(:has(tspan))')]
      .filter(e => e.textContent.trim())
      .map(e => [e.textContent, [...e.getClientRects()][0] || e.getBoundingClientRect()]);
    for (const [words, box] of boxes)
      if (box.left < -0.5 || box.right > innerWidth + 0.5) bad.push(`outside: ${words}`);
    boxes.forEach(([a, p], i) => boxes.slice(i + 1).forEach(([b, q]) => {
      const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left);
      const high = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
      if (wide > 1 && high > 5) bad.push(`${a} / ${b}`);
    }));
  }
  return bad;
}"""
