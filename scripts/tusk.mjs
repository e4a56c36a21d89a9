#!/usr/bin/env node
/** Runs the command line from its bundle. */
import { runBundle } from './bundle.mjs';

await runBundle('cli');
