// What the page shows, and what changes it. Each change of the structure abandons the request before.
import { batch, computed, effect, signal } from "@preact/signals";
import * as api from "./api";
import type { Hit, Measured, Prediction, Ranking, Scores } from "./api";
import { said } from "./phrases";
import { t } from "./words";

export type Isotope = "2H" | "13C" | "15N" | "18O";
export interface Derivative {
  name: string;
  smiles: string;
}

/** A ranking, and what it is of: another spectrum that is chosen has none yet. */
export interface Ranked extends Ranking {
  of: Measured;
  where: "candidates" | "library";
  score: string;
  byIndex: boolean;
  model: Model;
  energy: number;
}
type Model = "student" | "teacher";

export const text = signal("");
export const model = signal<Model>("student");
export const energy = signal(70);
export const prediction = signal<Prediction | null>(null);
export const problem = signal("");
export const busy = signal(false);
export const teacherHasAnswered = signal(false);
export const derivatives = signal<Derivative[]>([]);
export const marking = signal<Isotope | null>(null);

export const measured = signal<Measured[]>([]);
export const chosen = signal(-1);
export const scores = signal<Scores | null>(null);

export const candidates = signal("");
export const score = signal("weighted_cosine");
export const onlyFormula = signal("");
export const byIndex = signal(false);
export const ranking = signal<Ranked | null>(null);
export const rankingNow = signal(false);
export const hit = signal<Hit | null>(null);

export const range = signal<[number, number] | null>(null);
export const selected = signal<number | null>(null);
export const message = signal("");
export const server = signal<api.Health>({ teacher: false, library: null, instrument: null, version: "" });

/** Draws in the editor what the server has read; set by the editor when it is there. */
export const drawn = signal<{ molBlock: string } | null>(null);

/** What is in the box cannot be read: what stands beside it is of another structure. */
export const outdated = computed(() => problem.value !== "" && !hit.value);

/** What is said while a spectrum is waited for. */
export const waiting = computed(() =>
  t(model.value === "teacher" && !teacherHasAnswered.value ? "teacherLoading" : "working"),
);

let asking = new AbortController();
let comparing = new AbortController();
let ranked = new AbortController();

export function chosenSpectrum(): Measured | null {
  return measured.value[chosen.value] ?? null;
}

/** Take another structure. One that the editor sent stays there as it is. */
export function setStructure(structure: string, from: "editor" | "elsewhere" = "elsewhere"): Promise<void> {
  batch(() => {
    text.value = structure;
    derivatives.value = [];
    hit.value = null;
    range.value = null;
    selected.value = null;
  });
  return predict(from === "elsewhere");
}

export async function predict(redraw = false): Promise<void> {
  asking.abort();
  // The first line of a MOL block is its name, and may be blank.
  const structure = text.value.trim().includes("\n") ? text.value : text.value.trim();
  if (!structure.trim()) {
    batch(() => {
      prediction.value = null;
      problem.value = "";
      busy.value = false;
      if (redraw) drawn.value = { molBlock: "" };
    });
    return;
  }
  const own = (asking = new AbortController());
  busy.value = true;
  await telling(own, async () => {
    const found = await predicted(structure, own.signal);
    if (own.signal.aborted) return;
    batch(() => {
      problem.value = found.error ?? "";
      if (found.error) return;
      prediction.value = found;
      if (redraw) drawn.value = { molBlock: found.drawing.mol_block };
    });
  });
  if (asking === own) busy.value = false;
}

async function predicted(structure: string, signal: AbortSignal): Promise<Prediction> {
  const options = { model: model.value, energy: energy.value, drawing: true };
  if (model.value === "teacher") {
    const annotated = await api.post<Prediction>("/annotate", { structure, ...options }, signal);
    teacherHasAnswered.value = true;
    return annotated;
  }
  const structures = [{ structure }];
  const answer = await api.post<{ predictions: Prediction[] }>("/predict", { structures, drawing: true }, signal);
  return answer.predictions[0]!;
}

/** Put a derivative in the place of the structure, and offer the others. */
export async function derivatise(method: string): Promise<void> {
  // Of a derivative, the other derivatives of its parent are meant.
  const parent = derivatives.value[0]?.smiles ?? prediction.value?.smiles;
  if (!parent) return;
  await telling(null, async () => {
    const request = { structures: [{ structure: parent, name: t("parent") }], derivative: method, neighbours: 0 };
    const found = (await api.post<{ predictions: Prediction[] }>("/predict", request)).predictions;
    const error = found.find((each) => each.error);
    if (error) throw new api.ApiError(error.error);
    if (found[0]!.smiles === parent) throw new api.ApiError(t("nothingToDerivatise"));
    const offered = found.map(({ name, smiles }) => ({ name: name.replace(`${t("parent")} `, ""), smiles }));
    const done = setStructure(offered[0]!.smiles);
    derivatives.value = [{ name: t("parent"), smiles: parent }, ...offered];
    await done;
  });
}

export function chooseDerivative(derivative: Derivative): void {
  const offered = derivatives.value;
  const done = setStructure(derivative.smiles);
  derivatives.value = offered;
  void done;
}

export async function labelAtom(atom: number): Promise<void> {
  const structure = prediction.value?.smiles;
  const isotope = marking.value;
  if (!structure || !isotope) return;
  await telling(null, async () => {
    const answer = await api.post<{ smiles: string }>("/label", { structure, atom, isotope });
    await setStructure(answer.smiles);
  });
}

/** Read files that were dropped or chosen: measured spectra, else structures. */
export async function takeFiles(files: Iterable<File>, wanted?: "structures"): Promise<void> {
  const told: string[] = [];
  for (const file of files) told.push(await takeFile(file.name, file, wanted).catch((error) => said(words(error))));
  message.value = told.filter(Boolean).join("\n");
}

const STRUCTURES_ONLY = /\.(smi|mol|inchi)(\.gz)?$/i;
const PERHAPS_STRUCTURES = /\.(csv|tsv|txt|sdf|parquet)(\.gz)?$/i;

/** Read a file, and return what is to be said of it. */
export async function takeFile(name: string, content: BodyInit, wanted?: "structures"): Promise<string> {
  if (wanted || STRUCTURES_ONLY.test(name)) return takeStructures(name, content);
  try {
    const found = await api.read("spectra", name, content);
    if (!found.spectra.length) throw new api.ApiError(`${name}: ${found.problems.map(said).join("; ") || t("noSpectrum")}`);
    batch(() => {
      measured.value = [...measured.value, ...found.spectra];
      chosen.value = measured.value.length - found.spectra.length;
    });
    return [`${name}: ${t("spectraRead")} ${found.spectra.length}`, ...found.problems.map(said)].join("; ");
  } catch (error) {
    if (!PERHAPS_STRUCTURES.test(name)) throw error;
    return takeStructures(name, content).catch(() => Promise.reject(error));
  }
}

async function takeStructures(name: string, content: BodyInit): Promise<string> {
  const found = await api.read("structures", name, content);
  if (!found.structures.length) throw new api.ApiError(`${name}: ${found.problems.map(said).join("; ")}`);
  const drawable = found.structures.length === 1 && !prediction.value;
  if (drawable) {
    await setStructure(found.structures[0]!.structure);
    return found.problems.map(said).join("; ");
  }
  // MOL blocks are of several lines, and a line of the box holds one structure.
  const lines = await Promise.all(found.structures.map(async ({ structure, name: own }) => `${await oneLine(structure)} ${own}`));
  candidates.value = [candidates.value.trim(), ...lines].filter(Boolean).join("\n");
  return [`${name}: ${t("structuresRead")} ${lines.length}`, ...found.problems.map(said)].join("; ");
}

async function oneLine(structure: string): Promise<string> {
  if (!structure.includes("\n")) return structure;
  const { Molecule } = await import("openchemlib");
  return Molecule.fromMolfile(structure).toIsomericSmiles();
}

/** Give the chosen spectrum a retention index that its file has not, or has wrong. */
export function setIndex(retention_index: number | null): void {
  measured.value = measured.value.map((each, place) => (place === chosen.value ? { ...each, retention_index } : each));
}

export function listed(): { structure: string; name: string }[] {
  const lines = candidates.value.split("\n").map((line) => line.trim());
  return lines
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => {
      const [structure = "", ...name] = line.split(/\s+/);
      return { structure, name: name.join(" ") };
    });
}

export async function rank(where: "candidates" | "library"): Promise<void> {
  const spectrum = chosenSpectrum();
  if (!spectrum) return;
  ranked.abort();
  const own = (ranked = new AbortController());
  const by = { model: model.value, energy: energy.value };
  const how = { score: score.value, byIndex: byIndex.value && spectrum.retention_index != null };
  rankingNow.value = true;
  await telling(own, async () => {
    const request = {
      measured: api.asked(spectrum),
      score: how.score,
      formula: onlyFormula.value.trim() || null,
      by_retention_index: how.byIndex,
      ...(where === "candidates" ? { candidates: listed(), ...by } : {}),
    };
    const found = await api.post<Ranking>("/rank", request, own.signal);
    batch(() => {
      ranking.value = { ...found, of: spectrum, where, ...how, ...by };
      hit.value = found.hits[0] ?? null;
      range.value = null;
    });
  });
  if (ranked === own) rankingNow.value = false;
}

/** Do something, and show what goes wrong; what was abandoned is no error. */
async function telling(own: AbortController | null, work: () => Promise<void>): Promise<void> {
  try {
    if (!own) message.value = "";
    await work();
  } catch (error) {
    if (own?.signal.aborted) return;
    if (own === asking) problem.value = words(error);
    else message.value = said(words(error));
  }
}

function words(error: unknown): string {
  return error instanceof api.ApiError ? error.message : t("unreachable");
}

/** The ranking of the spectrum that is chosen. */
export function shownRanking(): Ranked | null {
  return ranking.value?.of === chosenSpectrum() ? ranking.value : null;
}

/** The spectrum that stands above the measured one: of the candidate chosen, else of the drawing. */
export function shownAbove(): Prediction | Hit | null {
  return hit.value ?? prediction.value;
}

effect(() => {
  if (!shownRanking()) hit.value = null;
});

/** What was said is taken away when it has been read. */
effect(() => {
  if (!message.value) return;
  const timer = setTimeout(() => (message.value = ""), 4000 + 60 * message.value.length);
  return () => clearTimeout(timer);
});

effect(() => {
  const above = shownAbove();
  const below = measured.value[chosen.value];
  comparing.abort();
  scores.value = null;
  if (!above || !below) return;
  const own = (comparing = new AbortController());
  const request = { measured: api.asked(below), reference: { peaks: above.peaks, formula: above.formula ?? "" } };
  void telling(own, async () => {
    const answer = await api.post<{ scores: Scores }>("/compare", request, own.signal);
    scores.value = answer.scores;
  });
});
