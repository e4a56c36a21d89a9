import { randomBytes } from 'node:crypto';

const RANDOM_BYTES = 15;

/** 30 random hexadecimal digits: says nothing about what it names. */
export const newId = (): string => randomBytes(RANDOM_BYTES).toString('hex');
