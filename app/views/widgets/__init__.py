"""The parts every page is built from; what they look like is in one place, what they mean is in the view models."""

from app.views.widgets.ask_sheet import AskSheet
from app.views.widgets.buttons import Button, IconButton, LinkButton, PrimaryButton, ToggleButton
from app.views.widgets.cards import Card, Divider, EmptyState, Note, NoteKind
from app.views.widgets.chips import Badge, Chip
from app.views.widgets.code_edit import CodeEdit, CodeProblem
from app.views.widgets.fields import CheckBox, Choice, Field, FormRow, InlineError, RadioButton, SearchField
from app.views.widgets.labels import IconLabel, Words
from app.views.widgets.measures import Meter, ShareBar
from app.views.widgets.menus import Menu
from app.views.widgets.progress import ConfirmBar, ProgressRow, StepState, StepView
from app.views.widgets.states import PausedBadge, SilhouetteLabel, StatePill
from app.views.widgets.tables import CellDelegate, CellRole, TableView
from app.views.widgets.tabs import Segments, TabBar
from app.views.widgets.toasts import Toast, ToastArea

__all__ = [
    "AskSheet",
    "Badge",
    "Button",
    "Card",
    "CellDelegate",
    "CellRole",
    "CheckBox",
    "Chip",
    "Choice",
    "CodeEdit",
    "CodeProblem",
    "ConfirmBar",
    "Divider",
    "EmptyState",
    "Field",
    "FormRow",
    "IconButton",
    "IconLabel",
    "InlineError",
    "LinkButton",
    "Menu",
    "Meter",
    "Note",
    "NoteKind",
    "PausedBadge",
    "PrimaryButton",
    "ProgressRow",
    "RadioButton",
    "SearchField",
    "Segments",
    "ShareBar",
    "SilhouetteLabel",
    "StatePill",
    "StepState",
    "StepView",
    "TabBar",
    "TableView",
    "Toast",
    "ToastArea",
    "ToggleButton",
    "Words",
]
