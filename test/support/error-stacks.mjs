// Jest asks for 100 frames of each error. The engine reads the stacks that it redacts, and Jest maps each frame of
// those to its source; with Node's own limit that takes a tenth of the time.
Error.stackTraceLimit = 10;
