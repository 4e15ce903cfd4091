import { expect, it } from '@jest/globals';

import { parseJsonObject } from '../../../lib/token/json-object.js';

it('reads an object', () => {
  expect(parseJsonObject('{"a":[1]}')).toEqual({ a: [1] });
});

it.each(['', '[]', 'null', '7', '"x"', '{'])('takes %j for no object', (text) => {
  expect(parseJsonObject(text)).toBeUndefined();
});
