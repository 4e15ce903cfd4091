import vm from 'node:vm';

/** The process as Node.js knows it: Jest gives tests a copy, whose environment variables change nothing. */
export const realProcess = vm.runInThisContext('process') as NodeJS.Process;
