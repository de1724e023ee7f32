// What record.mjs does with mupdf, whose C uses setjmp for exceptions: makes documents, damages them, reads, draws and searches them.
import path from "node:path";
import { pathToFileURL } from "node:url";

const HTML = `<html><head><title>Legacy</title></head><body><h1>Exceptions</h1>
<p>thrown by <b>longjmp</b>, caught where <i>setjmp</i> was called</p><ul><li>one</li><li>two</li></ul></body></html>`;
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="120" height="80"><rect width="60" height="40" fill="red"/><circle cx="70" cy="40" r="30" fill="blue"/>
<path d="M 10 10 L 90 15 Q`; // ends in the middle of a path

export async function run(folder, mark) {
  const mupdf = await import(pathToFileURL(path.resolve(folder, "dist", "mupdf.js")));
  const said = [];
  const attempt = (what, f) => {
    try {
      said.push([what, f()]);
    } catch (error) {
      said.push([what, `${error.constructor.name}: ${error.message}`]);
    }
    mark();
  };
  mupdf.setLog({ error: (text) => said.push(["error", text]), warning: (text) => said.push(["warning", text]) });

  const made = (contents) => {
    const pdf = new mupdf.PDFDocument();
    const fonts = pdf.addObject({ Font: { F: pdf.addSimpleFont(new mupdf.Font("Helvetica")) } });
    pdf.insertPage(-1, pdf.addPage([0, 0, 200, 120], 0, fonts, contents));
    return pdf.saveToBuffer("garbage").asUint8Array().slice();
  };
  const read = (bytes, magic) => {
    const document = mupdf.Document.openDocument(bytes, magic);
    const page = document.loadPage(0);
    const pixels = page.toPixmap(mupdf.Matrix.scale(1, 1), mupdf.ColorSpace.DeviceRGB);
    const text = page.toStructuredText();
    return [document.countPages(), text.asText(), pixels.asPNG().length, text.search("longjmp").length];
  };

  const pdf = made("BT /F 18 Tf 20 60 Td (caught by longjmp) Tj ET 1 0 0 rg 20 20 100 10 re f");
  const text = new TextDecoder("latin1").decode(pdf);
  const damaged = (change) => Uint8Array.from(change(text), (c) => c.charCodeAt(0));
  attempt("pdf", () => read(pdf, "application/pdf"));
  attempt("html", () => read(new TextEncoder().encode(HTML), "text/html"));
  attempt("svg, which this build cannot read", () => read(new TextEncoder().encode(SVG), "image/svg+xml"));
  attempt("no table of objects", () => read(damaged((t) => t.slice(0, t.indexOf("xref"))), "application/pdf"));
  attempt("wrong offsets", () => read(damaged((t) => t.replace(/0000000(\d)/g, "0000009$1")), "application/pdf"));
  attempt("no pages", () => read(damaged((t) => t.replace("/Pages", "/Pagez")), "application/pdf"));
  attempt("cut stream", () => read(damaged((t) => t.slice(0, t.length / 3)), "application/pdf"));
  attempt("operators unknown", () => read(made("BT /F 18 Tf 20 60 Td (half) Tj ET Q Q Q /Nothing Do 1 0 foo (unclosed"), "application/pdf"));
  attempt("font missing", () => read(made("BT /Nothing 18 Tf 20 60 Td (nobody's) Tj ET"), "application/pdf"));
  attempt("nonsense", () => read(damaged(() => "no document at all"), "application/pdf"));
  attempt("no image", () => new mupdf.Image(new mupdf.Buffer("neither a picture")).getWidth());
  attempt("page beyond", () => mupdf.Document.openDocument(pdf, "application/pdf").loadPage(7));
  return JSON.stringify(said, null, 1);
}
