// What the server says, in Japanese: notes, refusals, problems of files. {} stands for what a phrase
// tells of, which may be another phrase. What is not listed stays as the server says it.
import { language } from "./words";

const PHRASES: [english: string, japanese: string][] = [
  // structures
  ["empty structure", "構造がありません"],
  ["a name: give a structure, as SMILES or InChI", "名称です。構造を SMILES か InChI で入力してください"],
  ["a CAS number: give a structure, as SMILES or InChI", "CAS 番号です。構造を SMILES か InChI で入力してください"],
  ["an InChIKey: give a structure, as SMILES or InChI", "InChIKey です。構造を SMILES か InChI で入力してください"],
  ["a number: give a structure, as SMILES or InChI", "数値です。構造を SMILES か InChI で入力してください"],
  ["a molecular formula: give a structure, as SMILES or InChI", "分子式です。構造を SMILES か InChI で入力してください"],
  ["RDKit cannot read the structure ({})", "構造を RDKit で読み取れません（{}）"],
  ["RDKit cannot read the structure", "構造を RDKit で読み取れません"],
  ["RDKit cannot read the structure's own canonical SMILES", "構造の正規 SMILES を RDKit で読み取れません"],
  ["a parenthesis is not closed, {}", "閉じていない括弧：{}"],
  ["a parenthesis is closed that was not opened, {}", "開いていない括弧が閉じられています：{}"],
  ["no SMILES at {}", "SMILES ではありません：{}"],
  ["ring {} is closed between atoms that are bonded, or the same", "環 {} が、結合済みまたは同一の原子の間で閉じられています"],
  ["ring {} is not closed, character {}", "環 {} が閉じていません：{} 文字目"],
  ["too many bonds ({}) of an atom of {}, {}", "{1} 原子の結合が多すぎます（{0}）：{2}"],
  ["an aromatic atom (lower case) outside of a ring, {}", "環の外に芳香族原子（小文字）があります：{}"],
  ["no double bonds fit the aromatic atoms (is an [nH] meant?), {}", "芳香族原子に二重結合を割り当てられません（[nH] ですか？）：{}"],
  ["no double bonds fit the aromatic atoms, {}", "芳香族原子に二重結合を割り当てられません：{}"],
  ["character {}", "{} 文字目"],
  ["characters {}", "{} 文字目"],
  ["atom {}", "原子 {}"],
  ["atoms {}", "原子 {}"],
  ["InChI in lower case ({}): its elements cannot be told", "小文字の InChI（{}）：元素を判別できません"],
  ["InChI is cut short ({}): its hydrogens (/h) are missing", "InChI が途中で切れています（{}）：水素 (/h) がありません"],
  ["an InChI has not the bonds of a metal ({}): give a SMILES, a MOL block or an InChI with /r", "InChI には金属の結合がありません（{}）：SMILES、MOL ブロック、または /r 付きの InChI を入力してください"],
  ["query atom ({})", "クエリ原子（{}）"],
  ["bond of no order ({})", "次数のない結合（{}）"],
  ["aromatic bond outside a ring ({})", "環の外の芳香族結合（{}）"],
  ["{} bond ({})", "{} 結合（{}）"],
  ["unsupported element {}", "対応していない元素：{}"],
  ["charged radical ({})", "電荷をもつラジカル（{}）"],
  ["permanent anion ({})", "中性にできない陰イオン（{}）"],
  ["permanent cation ({})", "中性にできない陽イオン（{}）"],
  ["quaternary ammonium", "第四級アンモニウム"],
  ["nitrogen with a double bond", "二重結合をもつ窒素"],
  ["no neutral form can be written ({})", "中性の形で書けません（{}）"],
  ["no such isotope {}", "そのような同位体はありません：{}"],
  ["no such atom ({} of {})", "そのような原子はありません（{} / {}）"],
  ["no {} to label on {}", "{1} に標識できる {0} がありません"],
  ["several components (give the free base or acid alone: {})", "複数の成分があります（遊離の塩基または酸だけを入力してください：{}）"],
  ["several components", "複数の成分があります"],
  ["nominal mass {} Da above max_mz {}", "ノミナル質量 {} Da が上限 {} を超えています"],
  ["more than {} atoms", "原子が {} 個を超えています"],
  ["more than {} characters", "{} 文字を超えています"],
  ["no structure", "構造がありません"],
  ["expected a SMILES, found {}", "SMILES ではありません：{}"],
  ["not readable as text", "テキストとして読み取れません"],
  // notes
  ["taken as the neutral molecule", "中性分子として扱いました"],
  ["no training data for {}: its isotopes are right, how its ions form is a guess", "{} の学習データがありません：同位体パターンは正確ですが、イオンの生成は推測です"],
  ["little training data for {} ({} spectra): its isotopes are right, how its ions form is a guess", "{} の学習データはわずか（{} 件）です：同位体パターンは正確ですが、イオンの生成は推測です"],
  ["{} are predicted worse than others", "{}の予測は他より劣ります"],
  ["organophosphorus compounds", "有機リン化合物"],
  ["compounds of six fluorine atoms or more", "フッ素原子 6 個以上の化合物"],
  ["compounds of five chlorine atoms or more", "塩素原子 5 個以上の化合物"],
  ["compounds of several bromine atoms", "臭素原子が複数ある化合物"],
  ["organic iodides", "有機ヨウ化物"],
  ["nitramines, nitrate esters and nitrosamines", "ニトロアミン、硝酸エステル、ニトロソアミン"],
  ["aromatic compounds of several nitro groups", "ニトロ基が複数ある芳香族化合物"],
  ["compounds of three silyl groups or more", "シリル基 3 個以上の化合物"],
  ["sulfonylureas and sulfonamides", "スルホニル尿素とスルホンアミド"],
  ["organometallic and organoboron compounds", "有機金属化合物と有機ホウ素化合物"],
  ["steroids", "ステロイド"],
  ["compounds of more than 30 heavy atoms", "重原子が 30 個を超える化合物"],
  ["{} eV is outside the {} to {} eV of the training spectra: such predictions are a guess", "{} eV は学習スペクトルの {}–{} eV の範囲外です：予測は推測にすぎません"],
  ["of {} training spectra, {} are within {} eV of {} eV: such predictions are uncertain", "学習スペクトル {0} 件のうち {3} eV から {2} eV 以内は {1} 件です：予測は不確かです"],
  ["semi-standard non-polar", "セミ標準無極性"],
  // ranking
  ["no peak: a blank, nothing to search for", "ピークがありません：検索できません"],
  ["only {} peak: many molecules share so little, trust no rank", "ピークが {} 本しかありません：順位は信頼できません"],
  ["only {} peaks: many molecules share so little, trust no rank", "ピークが {} 本しかありません：順位は信頼できません"],
  ["no column is named: its retention index taken as on 5 % phenyl", "カラムの記載がありません：保持指標は 5 % フェニルカラムのものとして扱いました"],
  ["the column {} is not known: its retention index taken as on 5 % phenyl", "未知のカラム {} です：保持指標は 5 % フェニルカラムのものとして扱いました"],
  ["a retention index of {} cannot be; expected {} (methane) to {}, n-alkanes having 100 a carbon atom: searched without", "保持指標 {} はありえません（{}–{}）：使わずに検索しました"],
  ["{}: taken without its structure: {}", "{}：構造なしで扱いました：{}"],
  ["{}: not a molecular formula, expected C10H15N, say", "{}：分子式ではありません（例：C10H15N）"],
  ["no teacher here: it needs {}", "教師モデルがありません。必要なもの：{}"],
  // files
  ["{}: unknown ending; can be read: {}", "{}：未知の拡張子です。読み取れるもの：{}"],
  ["{}: cannot be read as gzip ({})", "{}：gzip として読み取れません（{}）"],
  ["{}: more than {} bytes when unpacked", "{}：展開すると {} バイトを超えます"],
  ["{}: line {}: {}", "{}：{} 行目：{}"],
  ["line {}: {} peaks", "{} 行目：ピーク {} 本"],
  ["line {}: {}", "{} 行目：{}"],
  ["no record of this format (begins {})", "この形式のレコードがありません（先頭：{}）"],
  ["no record of this format", "この形式のレコードがありません"],
  ["only the first {} spectra are taken", "最初の {} スペクトルだけを読み込みました"],
  ["only the first {} structures are taken", "最初の {} 構造だけを読み込みました"],
  ["and {} more", "他 {} 件"],
  ["took longer than {} s", "{} 秒以内に終わりませんでした"],
  ["more than {} bytes", "{} バイトを超えています"],
  ["structures: {}", "構造：{}"],
  ["structure: {}", "構造：{}"],
  ["more than {} derivatives", "誘導体が {} 個を超えています"],
  // a name before what is said, and several of these
  ["{}: {}", "{}: {}"],
  ["{}; {}", "{}; {}"],
];

const HOLE = /\{\}/g;
const FORMS = PHRASES.map(([english, japanese]) => {
  const form = english.replace(/[.*+?^$()|[\]\\/]/g, "\\$&").replace(HOLE, "(.+?)");
  return { form: new RegExp(`^${form}$`, "s"), japanese };
});

/** What the server said, in the language of the page. */
export function said(text: string): string {
  return language.value === "ja" ? inJapanese(text) : text;
}

function inJapanese(text: string): string {
  for (const { form, japanese } of FORMS) {
    const found = form.exec(text);
    if (!found) continue;
    const told = found.slice(1).map(inJapanese);
    let next = 0;
    return japanese.replace(/\{(\d?)\}/g, (_, place: string) => told[place ? Number(place) : next++]!);
  }
  return text;
}
