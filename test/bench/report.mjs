/**
 * @typedef {object} Result
 * @property {string} name
 * @property {string} unit
 * @property {number} ours
 * @property {number} [peer]
 * @property {string} goal what must hold
 * @property {boolean} met
 */

/** @param {number} value */
const round = (value) => Number(value.toPrecision(4));

/**
 * The peer must take at least so many times as long.
 *
 * @returns {Result}
 */
export function atLeastTimesFaster(name, unit, ours, peer, times) {
  return {
    name,
    unit,
    ours: round(ours),
    peer: round(peer),
    goal: `peer / ours >= ${times}`,
    met: peer / ours >= times,
  };
}

/**
 * Ours may take at most so many times as long as the peer.
 *
 * @returns {Result}
 */
export function atMostTimes(name, unit, ours, peer, times) {
  return {
    name,
    unit,
    ours: round(ours),
    peer: round(peer),
    goal: `ours / peer <= ${times}`,
    met: ours / peer <= times,
  };
}

/**
 * Ours may be at most so much.
 *
 * @returns {Result}
 */
export function atMost(name, unit, ours, limit, peer) {
  const beside = peer === undefined ? {} : { peer: round(peer) };
  return { name, unit, ours: round(ours), ...beside, goal: `ours <= ${limit}`, met: ours <= limit };
}

/**
 * Shows what part of another result is none of ours.
 *
 * @returns {Result}
 */
export function control(name, unit, ours, peer) {
  return { name, unit, ours: round(ours), peer: round(peer), goal: '(control)', met: true };
}

/** @param {Result[]} results */
export function formatTable(results) {
  const rows = results.map(({ name, unit, ours, peer, goal, met }) => [
    name,
    unit,
    String(ours),
    peer === undefined ? '' : String(peer),
    peer === undefined || ours === 0 ? '' : `${round(peer / ours)}`,
    goal,
    met ? 'yes' : 'NO',
  ]);
  const head = ['benchmark', 'unit', 'ours', 'peer', 'peer / ours', 'goal', 'met'];
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}
