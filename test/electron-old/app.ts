/** The app of the smoke suite: electron/main.ts as it stands, and a line on which tests ask things of its process. */
import './globals.ts';
import './driver.ts';
import '../../electron/main.ts';
