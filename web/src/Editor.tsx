// The editor of OpenChemLib, in step with the box: what is drawn is predicted at once.
import { useEffect, useRef, useState } from "preact/hooks";
import { effect } from "@preact/signals";
import type { JSX } from "preact";
import { drawn, setStructure, text } from "./state";
import { t } from "./words";

export function Editor(): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const [loaded, setLoaded] = useState(false);
  useEffect(() => {
    let end = () => {};
    let gone = false;
    void import("openchemlib").then(({ CanvasEditor, Molecule }) => {
      if (gone) return;
      const editor = new CanvasEditor(frame.current!);
      let own = "";
      editor.setOnChangeListener(({ type, isUserEvent }) => {
        if (type !== "molecule" || !isUserEvent) return;
        const molecule = editor.getMolecule();
        const smiles = molecule.getAllAtoms() ? molecule.toIsomericSmiles() : "";
        if (smiles === own) return; // moved only
        own = smiles;
        void setStructure(smiles, "editor");
      });
      const stop = effect(() => {
        const wanted = drawn.value;
        if (!wanted) return;
        const molecule = wanted.molBlock ? Molecule.fromMolfile(wanted.molBlock) : new Molecule(16, 16);
        own = wanted.molBlock ? molecule.toIsomericSmiles() : "";
        editor.setMolecule(molecule);
      });
      end = () => {
        stop();
        editor.destroy();
      };
      setLoaded(true);
    });
    return () => {
      gone = true;
      end();
    };
  }, []);
  return (
    <>
      <label for="structure">{t("structureLabel")}</label>
      <textarea
        id="structure"
        rows={2}
        spellcheck={false}
        autocomplete="off"
        placeholder={t("structurePlaceholder")}
        value={text.value}
        onInput={(event) => void setStructure(event.currentTarget.value)}
      />
      <div class="canvas" ref={frame} role="group" aria-label={`${t("editorLabel")}. ${t("editorHint")}`} data-testid="editor">
        {!loaded && <p class="quiet">{t("loadingEditor")}</p>}
      </div>
    </>
  );
}
