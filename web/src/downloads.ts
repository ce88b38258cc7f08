// What is shown, as files: the spectrum by the server, the picture by this page.
import { h, render } from "preact";
import { exported } from "./api";
import { said } from "./phrases";
import { highest, wholeRange, within } from "./plot";
import { BOTTOM, Sticks, type Colours } from "./SpectrumPlot";
import { chosenSpectrum, message, range, ranking, shownAbove } from "./state";
import { t } from "./words";

/** On white paper, told apart without colour sight, and by their direction. */
const PAPER: Colours = { ink: "#1b2530", line: "#e3e7ec", above: "#1652a8", below: "#b3400a" };
const [WIDTH, HEIGHT] = [900, 460];
const STRUCTURE = 200;
const PIXELS = 2; // a unit, in a PNG

export function save(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export async function saveSpectrum(format: string): Promise<void> {
  const shown = shownAbove();
  if (!shown) return;
  // As what is shown was predicted: the choice of model may have been changed since.
  const by = "annotations" in shown ? "teacher" : "student";
  const [model, energy] = "rank" in shown ? [ranking.value!.model, ranking.value!.energy] : [by, shown.ionization_energy];
  try {
    save(await exported({ structure: shown.smiles, name: shown.name, format, model, energy }), fileName(format));
  } catch (error) {
    message.value = said(String(error instanceof Error ? error.message : error));
  }
}

/** Called by its name, else its formula, so that downloads can be told apart. */
function fileName(ending: string): string {
  const shown = shownAbove();
  const name = (shown?.name || shown?.formula || "spectrum").replace(/[\\/:*?"<>|\s\0-\x1f]+/g, "_").replace(/^\.+/, "");
  return `${name.slice(0, 80)}${ending}`;
}

/** The plot as a picture of its own, with title and structure. */
export function figure(): string {
  const above = shownAbove();
  if (!above) return "";
  const measured = chosenSpectrum();
  const below = measured?.peaks ?? null;
  const shown = range.value ?? wholeRange(above.peaks, below ?? []);
  const holder = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const props = { above: above.peaks, below, shown, width: WIDTH, height: HEIGHT, colours: PAPER, mass: above.nominal_mass };
  render(h(Sticks, props), holder);
  const sticks = holder.innerHTML;
  render(null, holder);
  const title = escaped([short(above.name || above.smiles), above.formula].filter(Boolean).join("  "));
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT + 34}" viewBox="0 -34 ${WIDTH} ${HEIGHT + 34}">` +
    `<rect y="-34" width="${WIDTH}" height="${HEIGHT + 34}" fill="#fff"/>` +
    `<text x="6" y="-12" font-family="system-ui, sans-serif" font-size="16" font-weight="600" fill="${PAPER.ink}">${title}</text>` +
    (measured ? `<text x="${WIDTH - 14}" y="${HEIGHT - BOTTOM - 6}" text-anchor="end" font-family="system-ui, sans-serif" font-size="13" fill="${PAPER.below}">${escaped(`${t("measuredWord")}: ${short(measured.name)}`)}</text>` : "") +
    `${inset(above.drawing?.svg, above.peaks, shown)}${sticks}</svg>`
  );
}

/** The structure at the side where the peaks leave room. */
function inset(svg: string | undefined, peaks: [number, number][], [low, high]: [number, number]): string {
  if (!svg) return "";
  const third = (high - low) * (STRUCTURE / WIDTH + 0.05);
  const [left, right] = [within(peaks, [low, low + third]), within(peaks, [high - third, high])];
  const x = highest(left) < highest(right) ? 56 : WIDTH - STRUCTURE - 20;
  return svg.replace(/<svg([^>]*?)width='[^']*' height='[^']*'/, `<svg$1x="${x}" y="14" width="${STRUCTURE}" height="${STRUCTURE * 0.7}"`);
}

export function saveSvg(): void {
  save(new Blob([figure()], { type: "image/svg+xml" }), fileName(".svg"));
}

export async function savePng(): Promise<void> {
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(figure())}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH * PIXELS;
  canvas.height = (HEIGHT + 34) * PIXELS;
  canvas.getContext("2d")!.drawImage(picture, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => blob && save(blob, fileName(".png")), "image/png");
}

/** As much of a name as there is room for. */
function short(text: string): string {
  return text.length > 70 ? `${text.slice(0, 69)}…` : text;
}

function escaped(text: string): string {
  return text.replace(/[<>&"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
