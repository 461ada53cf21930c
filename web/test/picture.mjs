// Takes a picture of the dashboard of a running Mainstay (or of the fixture), for the documentation.
// node test/picture.mjs http://127.0.0.1:7070/ out.png [light|dark] [1280x800]
import { launch } from './chromium.mjs';

const [url, target, colorScheme = 'light', size = '1280x800'] = process.argv.slice(2);
const [width, height] = size.split('x').map(Number);
const browser = await launch();
if (!browser || !target) {
  console.error(browser ? 'usage: node test/picture.mjs URL FILE [light|dark] [WIDTHxHEIGHT]' : 'there is no Chromium at /usr/bin/chromium');
  process.exit(2);
}
const page = await browser.newPage({ viewport: { width, height }, colorScheme, deviceScaleFactor: 1.5 });
await page.goto(url);
await page.locator('.card, .page').first().waitFor({ timeout: 30_000 });
await page.waitForTimeout(2500);
await page.screenshot({ path: target });
await browser.close();
