import { expect, it } from '@jest/globals';

import { optionalPackage } from '../../../lib/common/optional-package.js';

const missing = (error: Error) => ({
  name: 'some-package',
  option: 'credential.kind',
  load: () => Promise.reject<string>(error),
});

it('a package that is installed is loaded', async () => {
  const load = () => Promise.resolve('loaded');
  await expect(optionalPackage({ name: 'p', option: 'o', load })).resolves.toBe('loaded');
});

it('one that is not is named, with the command that installs it', async () => {
  const error = Object.assign(new Error('no'), { code: 'ERR_MODULE_NOT_FOUND' });
  await expect(optionalPackage(missing(error))).rejects.toMatchObject({
    code: 'ENTRA_OPTIONS_INVALID',
    message:
      'Invalid option "credential.kind": "some-package" could not be loaded (ERR_MODULE_NOT_FOUND). Run `npm install some-package`.',
  });
});

it('advice stands behind the command, and an error without a code is "unknown error"', async () => {
  const rejected = expect(
    optionalPackage({ ...missing(new Error('no')), advice: ' Or leave it out.' }),
  ).rejects;
  await rejected.toThrow(
    /could not be loaded \(unknown error\)\. Run `npm install some-package`\. Or leave it out\.$/,
  );
});
