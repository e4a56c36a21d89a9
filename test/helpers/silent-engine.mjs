/** In place of an engine that is asked for nothing: it starts in a moment and says no word. */
process.on('message', () => {});
process.once('disconnect', () => process.exit());
