"""The one style sheet, for plain controls only; everything with a shape of its own is painted."""

from collections.abc import Mapping
from string import Template

_SHEET = Template("""
QMainWindow, QDialog, #page, #pageStack { background: $window; }
QToolTip { background: $raised; color: $text; border: 1px solid $border; padding: 4px 8px; }

QLineEdit, QSpinBox, QPlainTextEdit#field, QComboBox {
  background: $surface; border: 1px solid $field; border-radius: 6px; padding: 0 10px;
  selection-background-color: $accent; selection-color: $on_accent; placeholder-text-color: $text3;
}
QLineEdit:focus, QComboBox:focus, QPlainTextEdit#field:focus { border: 2px solid $link; padding: 0 9px; }
QLineEdit[wrong="true"], QComboBox[wrong="true"] { border: 2px solid $red; padding: 0 9px; }
QLineEdit:disabled, QComboBox:disabled { background: $sunken; color: $text3; border-color: $border; }
QLineEdit:read-only { background: $sunken; border-color: $border; }
QLineEdit#quiet { border-color: $border; background: $surface; }
QLineEdit#quiet:focus { border-color: $link; }
QComboBox::drop-down { border: none; width: 28px; }
QComboBox::down-arrow { image: none; }
QComboBox QAbstractItemView {
  background: $raised; border: 1px solid $border; outline: none;
  selection-background-color: $selected; selection-color: $text;
}
QComboBox QAbstractItemView::item { min-height: 28px; padding: 0 8px; }

QCheckBox, QRadioButton { spacing: 8px; }

QHeaderView { background: $sunken; border: none; }
QHeaderView::section {
  background: $sunken; color: $text3; border: none; border-bottom: 1px solid $divider;
  padding: 0 8px; font-size: 11px; font-weight: 600; text-align: left;
}
#cardHead::section:first { padding-left: 16px; }
QTableView, QTreeView, QListView {
  background: $surface; border: none; outline: none; gridline-color: $divider;
  selection-background-color: $selected; selection-color: $text;
}
#sidebarTree { background: $sidebar; }
#topics { background: transparent; }
#topics::item { min-height: 32px; padding: 0 12px; border-radius: 6px; }
#topics::item:hover { background: $hover; }
#topics::item:selected { background: $selected; color: $text; }
QTableCornerButton::section { background: $sunken; border: none; }
#goTo { background: $raised; border: 1px solid $border; border-radius: 8px; }
QPlainTextEdit, QTextBrowser { background: $surface; border: none; selection-background-color: $selected; }

QScrollArea { background: transparent; border: none; }
QScrollArea > QWidget > QWidget#scrolled { background: transparent; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle { background: $grey_line; border-radius: 4px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: $field; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QSplitter::handle { background: transparent; }
QMenu { background: $raised; border: 1px solid $border; border-radius: 8px; padding: 3px; }
QMenu::separator { height: 1px; background: $divider; margin: 4px 0; }
""")


def style_sheet(colours: Mapping[str, str]) -> str:
    """The style sheet in the colours of one table, named by token."""
    return _SHEET.substitute(colours)
