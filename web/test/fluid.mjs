// How fluid the map of a large architecture and the waterfall of a large trace are, in headless Chromium without a graphics card: what the page's main thread
// does, and how long its frames and tasks take. All nodes and edges change every second.
// node test/fluid.mjs [--services 1000] [--edges 10000] [--seconds 4] [--pictures FOLDER] [--only map|trace]
import { join } from 'node:path';
import { launch } from './chromium.mjs';
import { startFixture } from './fixture.mjs';
import { measure, say } from './frames.mjs';
import { largeTrace } from './observe.mjs';

const option = (name, fallback) => (process.argv.includes(`--${name}`) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : fallback);
const [services, edges, seconds, pictures, only] = [Number(option('services', 1000)), Number(option('edges', 10_000)), Number(option('seconds', 4)), option('pictures'), option('only')];
const browser = await launch();
if (!browser) {
  console.error('there is no Chromium at /usr/bin/chromium');
  process.exit(2);
}

const wide = await startFixture({ services, edges });
const tell = (what, seen) => console.log(`${what.padEnd(34)} ${say(seen)}`);
const soon = (page, ms) => page.waitForTimeout(ms);

async function open(path, scheme = 'light') {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: scheme });
  page.setDefaultTimeout(120_000);
  await page.goto(wide.url + path);
  return page;
}

async function picture(page, name) {
  if (pictures) await page.screenshot({ path: join(pictures, `${name}.png`) });
}

async function map() {
  const began = Date.now();
  const page = await open('/');
  await page.locator('[data-testid="map"][data-laid-out="true"]').waitFor();
  await page.waitForFunction((count) => document.querySelectorAll('.card').length > Math.min(count, 50), services);
  console.log(`map of ${services} services and ${edges} edges: laid out after ${Date.now() - began} ms; ${await page.evaluate(() => document.querySelectorAll('*').length)} elements`);
  await soon(page, 3000);
  await picture(page, 'map-whole-light');
  tell('map, resting', await measure(page, seconds, () => soon(page, 100)));

  const box = await page.getByTestId('map').boundingBox();
  const middle = [box.x + box.width / 2, box.y + box.height / 2];
  const pan = async (what) => {
    await page.mouse.move(box.x + 4, box.y + box.height / 2);
    await page.mouse.down();
    tell(what, await measure(page, seconds, async (i) => {
      await page.mouse.move(middle[0] + 200 * Math.sin(i / 12), middle[1] + 100 * Math.cos(i / 9));
      await soon(page, 16);
    }));
    await page.mouse.up();
  };
  await pan('map, panning from afar');
  tell('map, pointer over the cards', await measure(page, seconds, async (i) => {
    await page.mouse.move(middle[0] + 300 * Math.sin(i / 15), middle[1] + 150 * Math.cos(i / 11));
    await soon(page, 16);
  }));
  await page.mouse.move(...middle);
  tell('map, zooming in and out', await measure(page, seconds, async (i) => {
    await page.mouse.wheel(0, i % 40 < 20 ? -120 : 120);
    await soon(page, 16);
  }));
  await page.keyboard.press('/');
  tell('map, searching', await measure(page, seconds, async (i) => {
    await page.keyboard.type('order-store '[i % 12]);
    if (i % 12 === 11) await page.keyboard.press('Escape').then(() => page.keyboard.press('/'));
    await soon(page, 120);
  }));
  await page.keyboard.press('Escape');
  await page.locator('.zoom button').last().click();
  await soon(page, 500);
  await page.mouse.move(...middle);
  for (let i = 0; i < 60 && (await page.getByTestId('map').getAttribute('data-zoom')) !== 'near'; i++) {
    await page.mouse.wheel(0, -120);
    await soon(page, 30);
  }
  await soon(page, 1500);
  await picture(page, 'map-near-light');
  tell('map, resting, from nearby', await measure(page, seconds, () => soon(page, 100)));
  await pan('map, panning nearby');
  tell('map, arrow keys', await measure(page, seconds, async (i) => {
    await page.keyboard.press(['ArrowRight', 'ArrowDown', 'ArrowRight', 'ArrowUp'][i % 4]);
    await soon(page, 150);
  }));
  await soon(page, 500);
  await picture(page, 'map-keys-light');
  await page.close();
  if (!pictures) return;
  const dark = await open(`/?node=${wide.world.services[300 % services].name}`, 'dark');
  await dark.locator('[data-testid="map"][data-laid-out="true"]').waitFor();
  await soon(dark, 3000);
  await picture(dark, 'map-selected-dark');
  await dark.locator('.zoom button').last().click();
  await soon(dark, 1500);
  await picture(dark, 'map-whole-dark');
  await dark.close();
}

async function trace() {
  const page = await open(`/traces/${largeTrace}`);
  await page.getByTestId('waterfall').waitFor();
  const rows = await page.locator('.rows').boundingBox();
  await page.mouse.move(rows.x + 200, rows.y + 100);
  tell('1,200 spans, scrolling', await measure(page, seconds, async (i) => {
    await page.mouse.wheel(0, i % 60 < 40 ? 260 : -390);
    await soon(page, 16);
  }));
  await page.locator('.rows').focus();
  tell('1,200 spans, keys', await measure(page, seconds, async (i) => {
    await page.keyboard.press(i % 50 === 49 ? 'Home' : 'ArrowDown');
    await soon(page, 16);
  }));
  tell('1,200 spans, folding and zooming', await measure(page, seconds, async (i) => {
    await page.keyboard.press(['Home', 'ArrowLeft', 'ArrowRight', 'ArrowDown', 'z', '0'][i % 6]);
    await soon(page, 50);
  }));
  await picture(page, 'trace-light');
  await page.close();
}

if (only !== 'trace') await map();
if (only !== 'map') await trace();
await wide.stop();
await browser.close();
