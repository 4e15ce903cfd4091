/** Opens and closes streams of a dashboard, as pages do: `dashboard-watchers.mjs URL MOST`, then a count per message. */
import { once } from 'node:events';
import { Agent, request } from 'node:http';

const [url, most] = process.argv.slice(2);
const agent = new Agent({ maxSockets: Number(most) });
const streams = [];

async function open() {
  const stream = request(url, { agent });
  stream.end();
  const [response] = await once(stream, 'response');
  response.on('error', () => undefined);
  response.resume();
  streams.push(stream);
  await once(response, 'data');
  return response.statusCode === 200;
}

process.on('message', async (count) => {
  let opened = 0;
  for (const stream of streams.splice(0)) stream.destroy();
  while (streams.length < count) if (await open()) opened++;
  process.send(opened);
});
process.on('disconnect', () => process.exit(0));
process.send('ready');
