"""Which settings of personalization are in use: those of a preset, or the person's own."""

from __future__ import annotations

from collections.abc import Callable

from app.gui.actions import OWN, Actions
from app.gui.preferences import learning_settings, learning_values
from app.gui.session import Session
from app.settings import AppSettings, Value
from model.adaptation import PersonalizationSettings, preset, preset_name
from model.core.errors import UserError


class LearningChoice:
    """Begins with what ``settings`` remember, and keeps the menu of presets in step.

    ``say`` gets the sentence when what was remembered cannot be used.
    """

    def __init__(
        self,
        session: Session,
        actions: Actions,
        settings: AppSettings,
        say: Callable[[str], None],
    ) -> None:
        self._session = session
        self._actions = actions
        self._own: PersonalizationSettings | None = None
        if settings.personalization:
            try:
                self._set_own(learning_settings(settings.personalization))
            except UserError as error:
                say(str(error))
        self.choose(actions.choose_preset(settings.preset))

    def choose(self, name: str) -> None:
        """Use the preset of that name, or the person's own settings."""
        if name != OWN:
            self._session.set_preset(name)
        elif self._own is not None:
            self._session.configure(self._own)

    def use(self, settings: PersonalizationSettings) -> bool:
        """Use these settings, which may be a preset's; False where they are in use already."""
        if settings == self.current:
            return False
        name = preset_name(settings)
        if not name:
            self._set_own(settings)
        self.choose(self._actions.choose_preset(name or OWN))
        return True

    @property
    def current(self) -> PersonalizationSettings:
        """The settings in use."""
        name = self._actions.chosen_preset()
        if name == OWN and self._own is not None:
            return self._own
        return preset(name).settings

    @property
    def remembered(self) -> dict[str, Value]:
        """The person's own settings; empty: there are none."""
        return {} if self._own is None else learning_values(self._own)

    def _set_own(self, settings: PersonalizationSettings) -> None:
        self._own = settings
        self._actions.presets[OWN].setEnabled(True)
