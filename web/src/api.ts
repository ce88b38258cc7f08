// What the server answers (see /docs), and how it is asked.

export type Peak = [mz: number, intensity: number];

export interface Ion {
  formula: string;
  mz: number;
  share: number;
  neutral_loss: string;
  atoms: number[];
}

export interface Drawing {
  svg: string;
  width: number;
  height: number;
  atoms: [number, number][];
  mol_block: string;
}

/** A predicted index has an interval of 90 %. */
export interface RetentionIndex {
  retention_index?: number | null;
  retention_index_low?: number;
  retention_index_high?: number;
  column?: string;
}

export interface Prediction extends RetentionIndex {
  name: string;
  error?: string;
  smiles: string;
  formula: string;
  nominal_mass: number;
  exact_mass: number;
  inchikey: string;
  model: string;
  ionization_energy: number;
  peaks: Peak[];
  expected_similarity?: Record<string, { mean: number; lower: number; upper: number }>;
  neighbours?: { name: string; similarity: number }[];
  annotations?: { mz: number; ions: Ion[]; unexplained: number }[];
  notes: string[];
  drawing: Drawing;
}

export interface Measured {
  name: string;
  formula: string;
  nominal_mass: number | null;
  retention_index?: number | null;
  column?: string;
  column_kind?: string;
  retention_time?: number | null; // min
  structure: string;
  peaks: Peak[];
}

export interface Hit extends RetentionIndex {
  rank: number;
  score: number;
  name: string;
  smiles: string;
  formula: string;
  nominal_mass: number | null;
  source: string;
  peaks: Peak[];
  retention_difference: number | null; // from the measured index
  drawing?: Drawing;
}

export interface Ranking {
  hits: Hit[];
  compared: number;
  notes: string[];
  failures: string[]; // the first ones
  left_out: number;
  csv: string;
}

export interface FileContent {
  spectra: Measured[];
  structures: { structure: string; name: string }[];
  problems: string[];
}

export interface Health {
  teacher: boolean;
  library: string | null;
  instrument: string | null;
  version: string;
}

export type Scores = Record<string, number>;

/** Thrown with the server's own words. */
export class ApiError extends Error {}

async function answered(response: Response): Promise<Response> {
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  throw new ApiError(typeof body.detail === "string" ? body.detail : `HTTP ${response.status}`);
}

export async function post<Answer>(path: string, request: object, signal?: AbortSignal): Promise<Answer> {
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
    signal: signal ?? null,
  });
  return (await answered(response)).json();
}

export async function exported(request: object): Promise<Blob> {
  const response = await fetch("/export", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  return (await answered(response)).blob();
}

export async function read(kind: "spectra" | "structures", name: string, content: BodyInit): Promise<FileContent> {
  const address = `/read/${kind}?name=${encodeURIComponent(name)}`;
  return (await answered(await fetch(address, { method: "POST", body: content }))).json();
}

export async function health(): Promise<Health> {
  return (await answered(await fetch("/health"))).json();
}

/** A measured spectrum as the server takes it. */
export function asked(spectrum: Measured): object {
  const { name, formula, nominal_mass, peaks, retention_index = null, column = "" } = spectrum;
  return { name, formula, nominal_mass, peaks, retention_index, column };
}
