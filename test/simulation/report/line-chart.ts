export interface Axis {
  label: string;
  min: number;
  max: number;
  ticks: readonly { at: number; label: string }[];
  scale?: 'linear' | 'logarithmic';
}

export interface Series {
  name: string;
  colour: string;
  /** Lengths of dashes and gaps, so that lines can be told apart without colour. */
  dashes: string;
  points: readonly (readonly [x: number, y: number])[];
}

export interface Panel {
  title: string;
  x: Axis;
  y: Axis;
  series: readonly Series[];
  /** Vertical lines. */
  marks?: readonly { at: number; label: string }[];
  /** Spans of x with a tint. */
  bands?: readonly { from: number; to: number; label: string }[];
}

export interface Chart {
  title: string;
  subtitle: string;
  /** For those who cannot see it. */
  description: string;
  panels: readonly Panel[];
}

/** Colours of Okabe and Ito that differ for every kind of colour vision, darkened to stand out from white. */
export const palette = {
  blue: '#0072b2',
  sky: '#3b9bd9',
  vermilion: '#d55e00',
  orange: '#b37700',
  purple: '#a8518a',
  grey: '#555555',
} as const;

const width = 860;
const plot = { left: 76, width: 740, height: 250 };
const headHeight = 74;
const panelHead = 34;
const panelFoot = 78;
const legendRow = 20;

/** Draws line charts, one below the other, as SVG. The background is part of the picture, so it suits any page. */
export function drawLineChart({ title, subtitle, description, panels }: Chart): string {
  let top = headHeight;
  const drawn = panels.map((panel) => {
    const picture = drawPanel(panel, top);
    top += heightOf(panel);
    return picture;
  });
  const height = top + 6;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`,
    '  role="img" aria-labelledby="title description" font-family="system-ui, Segoe UI, Helvetica, Arial, sans-serif"',
    '  font-size="13" fill="#222222">',
    `<title id="title">${escape(title)}</title>`,
    `<desc id="description">${escape(description)}</desc>`,
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" fill="#ffffff" stroke="#c8c8c8"/>`,
    text(24, 34, title, 'font-size="18" font-weight="600"'),
    text(24, 56, subtitle, 'fill="#555555"'),
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

function heightOf({ series }: Panel): number {
  return panelHead + plot.height + panelFoot + legendRow * Math.ceil(series.length / 2);
}

function drawPanel({ title, x, y, series, marks = [], bands = [] }: Panel, top: number): string {
  const plotTop = top + panelHead;
  const bottom = plotTop + plot.height;
  const right = plot.left + plot.width;
  const toX = (value: number): number => plot.left + plot.width * share(x, value);
  const toY = (value: number): number => bottom - plot.height * share(y, value);
  const middle = plotTop + plot.height / 2;
  return [
    text(plot.left, top + 18, title, 'font-size="15" font-weight="600"'),
    ...bands.flatMap(({ from, to, label }) => [
      `<rect x="${n(toX(from))}" y="${plotTop}" width="${n(toX(to) - toX(from))}" height="${plot.height}" fill="#f0e6d2"/>`,
      text(toX(from) + 5, plotTop + 16, label, 'font-size="12" fill="#6b4e00"'),
    ]),
    ...y.ticks.flatMap(({ at, label }) => [
      `<path d="M${plot.left} ${n(toY(at))}H${right}" stroke="#dddddd"/>`,
      text(plot.left - 8, toY(at) + 4, label, 'text-anchor="end"'),
    ]),
    ...x.ticks.flatMap(({ at, label }) => [
      `<path d="M${n(toX(at))} ${bottom}v5" stroke="#555555"/>`,
      ...label
        .split('\n')
        .map((line, row) => text(toX(at), bottom + 20 + 15 * row, line, 'text-anchor="middle"')),
    ]),
    `<path d="M${plot.left} ${plotTop}V${bottom}H${right}" fill="none" stroke="#555555"/>`,
    ...marks.flatMap(({ at, label }) => [
      `<path d="M${n(toX(at))} ${plotTop}V${bottom}" stroke="#222222" stroke-dasharray="2 3"/>`,
      text(toX(at) + 6, plotTop + 14, label, 'font-size="12"'),
    ]),
    ...series.map(
      ({ colour, dashes, points }) =>
        `<path d="${pathOf(points, toX, toY)}" fill="none" stroke="${colour}" stroke-width="2.4" ` +
        `stroke-linejoin="round" stroke-dasharray="${dashes}"/>`,
    ),
    text(plot.left + plot.width / 2, bottom + 58, x.label, 'text-anchor="middle"'),
    text(0, 0, y.label, `text-anchor="middle" transform="translate(20 ${n(middle)}) rotate(-90)"`),
    ...series.flatMap(({ name, colour, dashes }, index) => {
      const left = plot.left + (plot.width / 2) * (index % 2);
      const line = bottom + 80 + legendRow * Math.floor(index / 2);
      return [
        `<path d="M${left} ${line - 4}h44" stroke="${colour}" stroke-width="2.4" stroke-dasharray="${dashes}"/>`,
        text(left + 52, line, name),
      ];
    }),
  ].join('\n');
}

function share({ min, max, scale }: Axis, value: number): number {
  const inside = Math.min(max, Math.max(min, value));
  if (scale !== 'logarithmic') return (inside - min) / (max - min);
  return Math.log(inside / min) / Math.log(max / min);
}

function pathOf(points: Series['points'], toX: (x: number) => number, toY: (y: number) => number): string {
  return points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${n(toX(x))} ${n(toY(y))}`).join('');
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${n(x)}" y="${n(y)}" ${attributes}>${escape(content)}</text>`;
}

function n(value: number): string {
  return String(Number(value.toFixed(1)));
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
