// The quick fixes that the language service offers at a place, as edits of the files that people write.

export function quickFixes(project, file, start, end, code) {
  const { ts } = project;
  const format = { ...ts.getDefaultFormatCodeSettings("\n"), indentSize: 2, convertTabsToSpaces: true };
  const preferences = { quotePreference: "auto", importModuleSpecifierPreference: "shortest", allowRenameOfImportPath: false };
  const found = [];
  for (const source of project.sourceFiles(file)) {
    const virtual = project.virtuals.get(source.fileName);
    const place = virtual ? virtual.toGenerated(start, end) : [start, end];
    if (!place) continue;
    let fixes = [];
    try {
      fixes = project.service.getCodeFixesAtPosition(source.fileName, place[0], place[1], [code], format, preferences);
    } catch {
      continue;
    }
    for (const fix of fixes) {
      const edits = editsOf(project, fix.changes);
      if (edits) found.push({ name: fix.fixName, title: fix.description, edits });
    }
  }
  return found;
}

// Null when one of the changes has no place in a file that people write.
function editsOf(project, changes) {
  const edits = [];
  for (const { fileName, textChanges, isNewFile } of changes) {
    if (isNewFile) return null;
    const virtual = project.virtuals.get(fileName);
    for (const { span, newText } of textChanges) {
      const place = virtual ? virtual.toSource(span.start, span.start + span.length) : [span.start, span.start + span.length];
      if (!place) return null;
      edits.push({ file: project.relative(virtual ? virtual.file : fileName), start: place[0], end: place[1], text: newText });
    }
  }
  return edits;
}
