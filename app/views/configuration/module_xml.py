"""userconfig.xml beside the form: the bytes that would be applied, to be typed; the element being edited is tinted."""

from app.viewmodels.module_editor import ModuleEditor
from app.viewmodels.text import tr
from app.views.configuration.xml_card import Finding, XmlCard
from nodeagent.contract.errors import Severity


class ModuleXml(XmlCard):
    """In step with the form of one editor, both ways."""

    def __init__(self, editor: ModuleEditor) -> None:
        super().__init__("userconfig.xml", tr("in step with the form"), read_only=editor.read_only)
        self._editor = editor
        self._tinted = (0, 0)
        self.typed.connect(editor.type_xml)
        self.left.connect(editor.leave_field)

    def refresh(self) -> None:
        """The document now."""
        editor = self._editor
        findings = [
            Finding(one.line, one.text, one.path, one.attribute, one.severity is Severity.ERROR)
            for one in editor.problems
            if one.severity is not Severity.NOTE
        ]
        self.facts.setText(tr("the form waits for it") if editor.broken else tr("in step with the form"))
        self.show_xml(editor.text, findings, None if editor.broken else editor.document)
        tinted = _lines(editor)
        self.code.mark_lines(*tinted)
        if tinted != self._tinted and tinted[0] and not self.code.hasFocus():
            self.code.show_line(tinted[0])
        self._tinted = tinted


def _lines(editor: ModuleEditor) -> tuple[int, int]:
    """First and last line of the element that the form shows; of a long one only its start tag."""
    element, document = editor.element(), editor.document
    if element is None or document is None:
        return 0, 0
    end = element.tag_end if element.children else element.end
    return element.line, element.line + document.text.count("\n", element.start, end)
