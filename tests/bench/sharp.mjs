// sharp.mjs FILE DIR -- the twelve outputs of fanout_bench by sharp as its users call it: defaults, each its own pipeline.
// The first round warms up; of the second the CPU of every thread is printed, and its files are kept in DIR.
import fs from "node:fs";
import sharp from "sharp";

const [file, dir] = process.argv.slice(2);
const source = fs.readFileSync(file);
const quality = { jpeg: 80, webp: 80, avif: 50 };
const extension = { jpeg: "jpg", webp: "webp", avif: "avif" };
let used, wall;

for (let round = 0; round < 2; round++) {
  const before = process.cpuUsage(), start = performance.now();
  for (const width of [320, 640, 1280, 1920])
    for (const format of ["jpeg", "webp", "avif"]) {
      const data = await sharp(source).resize(width)[format]({ quality: quality[format] }).toBuffer();
      fs.writeFileSync(`${dir}/${width}-${format}.${extension[format]}`, data);
    }
  used = process.cpuUsage(before);
  wall = performance.now() - start;
}
console.log(JSON.stringify({ work: "sharp", version: sharp.versions.sharp, vips: sharp.versions.vips,
                             cpu_us: used.user + used.system, wall_us: Math.round(wall * 1000) }));
