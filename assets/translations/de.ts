<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name>window</name>
    <message>
        <source>"{name}" can be loaded from the Profiles menu now.</source>
        <translation>„{name}“ kann jetzt im Menü Profile geladen werden.</translation>
    </message>
    <message>
        <source>"{path}" cannot be played: it is no video, or it is damaged. Give a video file such as MP4, MOV, AVI, MKV or WebM.</source>
        <translation>„{path}“ kann nicht abgespielt werden: es ist kein Video, oder es ist beschädigt. Geben Sie eine Videodatei an, etwa MP4, MOV, AVI, MKV oder WebM.</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>&amp;Datei</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>&amp;Hilfe</translation>
    </message>
    <message>
        <source>&amp;Personalization</source>
        <translation>&amp;Personalisierung</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>&amp;Ansicht</translation>
    </message>
    <message>
        <source>1 (as published)</source>
        <translation>1 (wie veröffentlicht)</translation>
    </message>
    <message>
        <source>A camera by its name, a video, a folder of pictures, or a demo clip. You can also drop a file on the window.</source>
        <translation>Eine Kamera nach ihrem Namen, ein Video, ein Ordner mit Bildern oder ein Demo-Clip. Sie können auch eine Datei auf das Fenster ziehen.</translation>
    </message>
    <message>
        <source>A human pose estimator that learns, while it runs, from the person in front of it. After {paper}. Its KeypointGAN is after {second}.</source>
        <translation>Ein Programm, das die Pose eines Menschen schätzt und dabei von der Person vor ihm lernt. Nach {paper}. Sein KeypointGAN folgt {second}.</translation>
    </message>
    <message>
        <source>A point the network found itself</source>
        <translation>Ein Punkt, den das Netz selbst fand</translation>
    </message>
    <message>
        <source>A quarter</source>
        <translation>Ein Viertel</translation>
    </message>
    <message>
        <source>About and licences</source>
        <translation>Über und Lizenzen</translation>
    </message>
    <message>
        <source>About {name}</source>
        <translation>Über {name}</translation>
    </message>
    <message>
        <source>Action</source>
        <translation>Aktion</translation>
    </message>
    <message>
        <source>Add a folder of videos</source>
        <translation>Einen Ordner mit Videos hinzufügen</translation>
    </message>
    <message>
        <source>Add folder…</source>
        <translation>Ordner hinzufügen…</translation>
    </message>
    <message>
        <source>Add videos</source>
        <translation>Videos hinzufügen</translation>
    </message>
    <message>
        <source>Add videos…</source>
        <translation>Videos hinzufügen…</translation>
    </message>
    <message>
        <source>Affinity</source>
        <translation>Affinität</translation>
    </message>
    <message>
        <source>Affinity arrows</source>
        <translation>Affinitätspfeile</translation>
    </message>
    <message>
        <source>Affinity as picture…</source>
        <translation>Affinität als Bild…</translation>
    </message>
    <message>
        <source>After each update weights go this share of the way back to the trained ones.</source>
        <translation>Nach jeder Aktualisierung gehen die Gewichte diesen Anteil des Wegs zu den trainierten zurück.</translation>
    </message>
    <message>
        <source>After {updates}, on {frames}. Less is better.</source>
        <translation>Nach {updates}, auf {frames}. Weniger ist besser.</translation>
    </message>
    <message>
        <source>Agree with the running average of the weights, or with the network as trained.</source>
        <translation>Mit dem laufenden Mittel der Gewichte übereinstimmen, oder mit dem trainierten Netz.</translation>
    </message>
    <message>
        <source>All videos in a folder, of the same person</source>
        <translation>Alle Videos eines Ordners, von derselben Person</translation>
    </message>
    <message>
        <source>Anchor</source>
        <translation>Anker</translation>
    </message>
    <message>
        <source>Angles</source>
        <translation>Winkel</translation>
    </message>
    <message>
        <source>Apache-2.0, package MIT</source>
        <translation>Apache-2.0, Paket MIT</translation>
    </message>
    <message>
        <source>Appears when a person is found</source>
        <translation>Erscheint, wenn eine Person gefunden ist</translation>
    </message>
    <message>
        <source>Appears with the first update</source>
        <translation>Erscheint mit der ersten Aktualisierung</translation>
    </message>
    <message>
        <source>As published</source>
        <translation>Wie veröffentlicht</translation>
    </message>
    <message>
        <source>As trained</source>
        <translation>Wie trainiert</translation>
    </message>
    <message>
        <source>Ask cameras for {mode}</source>
        <translation>Von Kameras {mode} verlangen</translation>
    </message>
    <message>
        <source>At the desk (rendered, true joints known)</source>
        <translation>Am Schreibtisch (gerendert, wahre Gelenke bekannt)</translation>
    </message>
    <message>
        <source>Augmentations</source>
        <translation>Veränderungen</translation>
    </message>
    <message>
        <source>Average</source>
        <translation>Mittel</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>Zurück</translation>
    </message>
    <message>
        <source>Batch size</source>
        <translation>Stapelgröße</translation>
    </message>
    <message>
        <source>Before and after</source>
        <translation>Vorher und nachher</translation>
    </message>
    <message>
        <source>Before and after side by side: as trained left of a line that you drag or move with the arrow keys, personalized right</source>
        <translation>Vorher und nachher nebeneinander: wie trainiert links einer Linie, die man zieht oder mit den Pfeiltasten bewegt, personalisiert rechts</translation>
    </message>
    <message>
        <source>Begin again at the end</source>
        <translation>Am Ende von vorn beginnen</translation>
    </message>
    <message>
        <source>Begin the scales of the loss anew with each person, or carry them on.</source>
        <translation>Die Maßstäbe des Verlusts mit jeder Person neu beginnen, oder weiterführen.</translation>
    </message>
    <message>
        <source>Begin with the view that shows what the network sees and learns (E).</source>
        <translation>Mit der Ansicht beginnen, die zeigt, was das Netz sieht und lernt (E).</translation>
    </message>
    <message>
        <source>Bring back what the last reset, preset, source, profile or offline run took away</source>
        <translation>Zurückholen, was beim letzten Zurücksetzen, durch Voreinstellung, Quelle, Profil oder Offline-Lauf verloren ging</translation>
    </message>
    <message>
        <source>Camera mode: {mode}</source>
        <translation>Kameramodus: {mode}</translation>
    </message>
    <message>
        <source>Cameras</source>
        <translation>Kameras</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Change</source>
        <translation>Änderung</translation>
    </message>
    <message>
        <source>Choose KeypointGAN weights</source>
        <translation>Gewichte für KeypointGAN wählen</translation>
    </message>
    <message>
        <source>Choose a source</source>
        <translation>Eine Quelle wählen</translation>
    </message>
    <message>
        <source>Choose a source, or drop a video or a folder here.</source>
        <translation>Wählen Sie eine Quelle, oder ziehen Sie ein Video oder einen Ordner hierher.</translation>
    </message>
    <message>
        <source>Choose one</source>
        <translation>Eines auswählen</translation>
    </message>
    <message>
        <source>Choose weights…</source>
        <translation>Gewichte wählen…</translation>
    </message>
    <message>
        <source>Choose what is drawn over the picture (1…8)</source>
        <translation>Wählen, was über das Bild gezeichnet wird (1…8)</translation>
    </message>
    <message>
        <source>Choose what to look at</source>
        <translation>Wählen, was zu sehen ist</translation>
    </message>
    <message>
        <source>Click into a key and press another one; the cross takes it away</source>
        <translation>In eine Taste klicken und eine andere drücken; das Kreuz nimmt sie weg</translation>
    </message>
    <message>
        <source>Click or drag to another place; the arrow keys go a second on or back</source>
        <translation>Zu einer anderen Stelle klicken oder ziehen; die Pfeiltasten gehen eine Sekunde vor oder zurück</translation>
    </message>
    <message>
        <source>Clip “gymnast”: Pose2Sim, D. Pagnon</source>
        <translation>Clip „gymnast“: Pose2Sim, D. Pagnon</translation>
    </message>
    <message>
        <source>Clips lie in assets/demo</source>
        <translation>Clips liegen in assets/demo</translation>
    </message>
    <message>
        <source>Close the message</source>
        <translation>Die Meldung schließen</translation>
    </message>
    <message>
        <source>Close the message (Esc)</source>
        <translation>Die Meldung schließen (Esc)</translation>
    </message>
    <message>
        <source>Close the table</source>
        <translation>Die Tabelle schließen</translation>
    </message>
    <message>
        <source>Close the table (Esc)</source>
        <translation>Die Tabelle schließen (Esc)</translation>
    </message>
    <message>
        <source>Close the window</source>
        <translation>Das Fenster schließen</translation>
    </message>
    <message>
        <source>Coloured by their contribution to the joints</source>
        <translation>Nach ihrem Beitrag zu den Gelenken gefärbt</translation>
    </message>
    <message>
        <source>Compare</source>
        <translation>Vergleichen</translation>
    </message>
    <message>
        <source>Connect one, then open this menu again</source>
        <translation>Schließen Sie eine an, und öffnen Sie dieses Menü noch einmal</translation>
    </message>
    <message>
        <source>Consistency</source>
        <translation>Übereinstimmung</translation>
    </message>
    <message>
        <source>Copy diagnostics</source>
        <translation>Diagnose kopieren</translation>
    </message>
    <message>
        <source>Cut the source out with the target's box, or with its own.</source>
        <translation>Die Quelle mit dem Rahmen des Ziels ausschneiden, oder mit ihrem eigenen.</translation>
    </message>
    <message>
        <source>Degrees at elbows, knees, shoulders and hips, as the picture shows them</source>
        <translation>Grad an Ellbogen, Knien, Schultern und Hüften, wie das Bild sie zeigt</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message>
        <source>Delete a profile</source>
        <translation>Ein Profil löschen</translation>
    </message>
    <message>
        <source>Deleted the unfinished recording {name}.</source>
        <translation>Die unvollendete Aufnahme {name} ist gelöscht.</translation>
    </message>
    <message>
        <source>Delete…</source>
        <translation>Löschen…</translation>
    </message>
    <message>
        <source>Demo clips</source>
        <translation>Demo-Clips</translation>
    </message>
    <message>
        <source>Device, schedule and source</source>
        <translation>Gerät, Ablauf und Quelle</translation>
    </message>
    <message>
        <source>Different from every preset</source>
        <translation>Anders als jede Voreinstellung</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Fertig</translation>
    </message>
    <message>
        <source>Drag or click to another place of a file. Comma and full stop step by frames, square brackets change the speed.</source>
        <translation>Ziehen oder klicken Sie zu einer anderen Stelle der Datei. Komma und Punkt gehen bildweise, eckige Klammern ändern das Tempo.</translation>
    </message>
    <message>
        <source>Drop the appearance</source>
        <translation>Das Aussehen fallen lassen</translation>
    </message>
    <message>
        <source>End the tour (Esc)</source>
        <translation>Den Rundgang beenden (Esc)</translation>
    </message>
    <message>
        <source>Error</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <source>Error of the person rebuilt from another frame, in percent of the error as trained</source>
        <translation>Fehler der aus einem anderen Bild neu gemalten Person, in Prozent des Fehlers des trainierten Netzes</translation>
    </message>
    <message>
        <source>Error, % of box</source>
        <translation>Fehler, % des Rahmens</translation>
    </message>
    <message>
        <source>Every result goes {names}</source>
        <translation>Jedes Ergebnis geht {names}</translation>
    </message>
    <message>
        <source>Explain</source>
        <translation>Erklären</translation>
    </message>
    <message>
        <source>Explaining</source>
        <translation>Erklären</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Exportieren</translation>
    </message>
    <message>
        <source>Export a profile</source>
        <translation>Ein Profil exportieren</translation>
    </message>
    <message>
        <source>Export keypoints</source>
        <translation>Punkte exportieren</translation>
    </message>
    <message>
        <source>Export the network</source>
        <translation>Das Netz exportieren</translation>
    </message>
    <message>
        <source>Export: {panel}</source>
        <translation>Exportieren: {panel}</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Exportieren…</translation>
    </message>
    <message>
        <source>Faster</source>
        <translation>Schneller</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>Dateien</translation>
    </message>
    <message>
        <source>Files begin again at their end (L).</source>
        <translation>Dateien beginnen am Ende von vorn (L).</translation>
    </message>
    <message>
        <source>Fill in the program's own settings and keys</source>
        <translation>Die eigenen Einstellungen und Tasten des Programms eintragen</translation>
    </message>
    <message>
        <source>Fill in the settings of a preset</source>
        <translation>Die Einstellungen einer Voreinstellung eintragen</translation>
    </message>
    <message>
        <source>Find your place</source>
        <translation>Die Stelle finden</translation>
    </message>
    <message>
        <source>First the person is looked for in every frame, then all frames are learnt from in random order, and then the video plays again from its start, before and after side by side.</source>
        <translation>Zuerst wird die Person in jedem Bild gesucht, dann wird aus allen Bildern in zufälliger Reihenfolge gelernt, und dann läuft das Video noch einmal von vorn, vorher und nachher nebeneinander.</translation>
    </message>
    <message>
        <source>Five places of the window, on the demo clip</source>
        <translation>Fünf Stellen des Fensters, am Demo-Clip</translation>
    </message>
    <message>
        <source>Follow</source>
        <translation>Folgen</translation>
    </message>
    <message>
        <source>Following the person</source>
        <translation>Folgt der Person</translation>
    </message>
    <message>
        <source>Forget what was learnt and start afresh</source>
        <translation>Das Gelernte vergessen und neu beginnen</translation>
    </message>
    <message>
        <source>Frame back</source>
        <translation>Bild zurück</translation>
    </message>
    <message>
        <source>Frame forward</source>
        <translation>Bild vor</translation>
    </message>
    <message>
        <source>Frame {frame} of {count}</source>
        <translation>Bild {frame} von {count}</translation>
    </message>
    <message>
        <source>Frames captured but never predicted</source>
        <translation>Aufgenommene, aber nie vorhergesagte Bilder</translation>
    </message>
    <message>
        <source>Frames predicted in a second</source>
        <translation>In einer Sekunde vorhergesagte Bilder</translation>
    </message>
    <message>
        <source>From self-supervised keypoints to the joints they inform</source>
        <translation>Von selbstgelernten Punkten zu den Gelenken, die sie bestimmen</translation>
    </message>
    <message>
        <source>Further videos of the same person</source>
        <translation>Weitere Videos derselben Person</translation>
    </message>
    <message>
        <source>Fast</source>
        <translation>Schnell</translation>
    </message>
    <message>
        <source>As Steady, with a quarter of the work: from one frame at a time instead of four</source>
        <translation>Wie „Ruhig“ mit einem Viertel der Arbeit: aus einem Bild auf einmal statt vieren</translation>
    </message>
    <message>
        <source>Gentle</source>
        <translation>Sanft</translation>
    </message>
    <message>
        <source>Give a profile another name</source>
        <translation>Einem Profil einen anderen Namen geben</translation>
    </message>
    <message>
        <source>Give the run up; everything is as it was before (Esc)</source>
        <translation>Den Lauf aufgeben; alles ist wie vorher (Esc)</translation>
    </message>
    <message>
        <source>Go back to the trained weights after so many frames; 0: never.</source>
        <translation>Nach so vielen Bildern zu den trainierten Gewichten zurückgehen; 0: nie.</translation>
    </message>
    <message>
        <source>Go back to the trained weights where the picture cuts to another scene.</source>
        <translation>Zu den trainierten Gewichten zurückgehen, wo das Bild zu einer anderen Szene schneidet.</translation>
    </message>
    <message>
        <source>Go on</source>
        <translation>Weiter</translation>
    </message>
    <message>
        <source>Guard</source>
        <translation>Wächter</translation>
    </message>
    <message>
        <source>Gymnast on a trampoline (real, four views)</source>
        <translation>Turner auf dem Trampolin (echt, vier Ansichten)</translation>
    </message>
    <message>
        <source>Half</source>
        <translation>Die Hälfte</translation>
    </message>
    <message>
        <source>Held, {keypoints} moved</source>
        <translation>Festgehalten, {keypoints} bewegt</translation>
    </message>
    <message>
        <source>Held: drag a keypoint, or Tab to it and use arrows</source>
        <translation>Festgehalten: einen Punkt ziehen, oder mit Tab hingehen und Pfeiltasten nutzen</translation>
    </message>
    <message>
        <source>Hide everything around the picture; Esc brings it back</source>
        <translation>Alles um das Bild herum ausblenden; Esc holt es zurück</translation>
    </message>
    <message>
        <source>Hold frames out, and undo updates that make them worse.</source>
        <translation>Bilder zurückhalten, und Aktualisierungen rückgängig machen, die sie verschlechtern.</translation>
    </message>
    <message>
        <source>Hold the run, and let it go on</source>
        <translation>Den Lauf anhalten und weitergehen lassen</translation>
    </message>
    <message>
        <source>Hold this picture to move its keypoints, or follow the person again</source>
        <translation>Dieses Bild festhalten, um seine Punkte zu bewegen, oder der Person wieder folgen</translation>
    </message>
    <message>
        <source>How far a joint is from the straight way between its neighbours in time, in percent of the box around the person</source>
        <translation>Wie weit ein Gelenk vom geraden Weg zwischen seinen zeitlichen Nachbarn abweicht, in Prozent des Rahmens um die Person</translation>
    </message>
    <message>
        <source>How far joints in the picture are from those in its mirror image, in percent of the box around the person; needs no true joints</source>
        <translation>Wie weit Gelenke im Bild von denen im Spiegelbild entfernt sind, in Prozent des Rahmens um die Person; braucht keine wahren Gelenke</translation>
    </message>
    <message>
        <source>How far one update moves the weights; larger learns faster and forgets more.</source>
        <translation>Wie weit eine Aktualisierung die Gewichte bewegt; größer lernt schneller und vergisst mehr.</translation>
    </message>
    <message>
        <source>How far the run is</source>
        <translation>Wie weit der Lauf ist</translation>
    </message>
    <message>
        <source>How fast the file plays ([ and ])</source>
        <translation>Wie schnell die Datei läuft ([ und ])</translation>
    </message>
    <message>
        <source>How it learns, what the window does, and which key does what</source>
        <translation>Wie gelernt wird, was das Fenster tut, und welche Taste was tut</translation>
    </message>
    <message>
        <source>How much the network as trained counts beside what was learnt (0 to 1).</source>
        <translation>Wie viel das Netz, wie es trainiert wurde, neben dem Gelernten zählt (0 bis 1).</translation>
    </message>
    <message>
        <source>How often each frame with the person is learnt from</source>
        <translation>Wie oft aus jedem Bild mit der Person gelernt wird</translation>
    </message>
    <message>
        <source>How slowly the average of the weights follows them (0: none, below 1).</source>
        <translation>Wie langsam das Mittel der Gewichte ihnen folgt (0: keines, unter 1).</translation>
    </message>
    <message>
        <source>Icons: Lucide</source>
        <translation>Symbole: Lucide</translation>
    </message>
    <message>
        <source>Import a profile</source>
        <translation>Ein Profil importieren</translation>
    </message>
    <message>
        <source>Import…</source>
        <translation>Importieren…</translation>
    </message>
    <message>
        <source>Independent sources</source>
        <translation>Unabhängige Quellen</translation>
    </message>
    <message>
        <source>It is removed from this machine for good.</source>
        <translation>Es wird endgültig von diesem Rechner entfernt.</translation>
    </message>
    <message>
        <source>It learns from what it sees, without labels, and keeps predicting. Reset forgets, Undo brings back, Profiles keep it for next time.</source>
        <translation>Es lernt aus dem, was es sieht, ohne Beschriftungen, und sagt weiter vorher. Zurücksetzen vergisst, Rückgängig holt zurück, Profile behalten es für das nächste Mal.</translation>
    </message>
    <message>
        <source>It starts from the trained weights. What was learnt before comes back with Undo (Ctrl+Z), and if you cancel, nothing has happened.</source>
        <translation>Begonnen wird mit den trainierten Gewichten. Was vorher gelernt war, holt Rückgängig (Strg+Z) zurück, und wenn Sie abbrechen, ist nichts geschehen.</translation>
    </message>
    <message>
        <source>Iterations</source>
        <translation>Wiederholungen</translation>
    </message>
    <message>
        <source>Jitter</source>
        <translation>Zittern</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>Behalten</translation>
    </message>
    <message>
        <source>Keep this person's look and show all poses with it, or drop it again</source>
        <translation>Das Aussehen dieser Person behalten und alle Posen damit zeigen, oder es wieder fallen lassen</translation>
    </message>
    <message>
        <source>Keep what was learnt from this person under a name</source>
        <translation>Das von dieser Person Gelernte unter einem Namen behalten</translation>
    </message>
    <message>
        <source>Keep whole frames, or compact ones around the person (live: always compact).</source>
        <translation>Ganze Bilder behalten, oder knappe um die Person (live: immer knapp).</translation>
    </message>
    <message>
        <source>Key</source>
        <translation>Taste</translation>
    </message>
    <message>
        <source>Key for {name}</source>
        <translation>Taste für {name}</translation>
    </message>
    <message>
        <source>KeypointGAN</source>
        <translation>KeypointGAN</translation>
    </message>
    <message>
        <source>KeypointGAN as picture…</source>
        <translation>KeypointGAN als Bild…</translation>
    </message>
    <message>
        <source>KeypointGAN stopped with {file} ({error}). Choose its weights again, or other ones.</source>
        <translation>KeypointGAN ist mit {file} stehen geblieben ({error}). Wählen Sie die Gewichte noch einmal, oder andere.</translation>
    </message>
    <message>
        <source>Keypoints</source>
        <translation>Punkte</translation>
    </message>
    <message>
        <source>Keypoints as COCO JSON…</source>
        <translation>Punkte als COCO JSON…</translation>
    </message>
    <message>
        <source>Keypoints as CSV…</source>
        <translation>Punkte als CSV…</translation>
    </message>
    <message>
        <source>Keypoints of the person</source>
        <translation>Punkte der Person</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Sprache</translation>
    </message>
    <message>
        <source>Later</source>
        <translation>Später</translation>
    </message>
    <message>
        <source>Learn from every frame of the video, or of what is remembered of the camera; click again to stop</source>
        <translation>Aus jedem Bild des Videos lernen, oder aus dem, was von der Kamera behalten wurde; noch ein Klick hält an</translation>
    </message>
    <message>
        <source>Learn from the current frame, or from a random one seen so far.</source>
        <translation>Aus dem jetzigen Bild lernen, oder aus einem zufälligen der bisherigen.</translation>
    </message>
    <message>
        <source>Learn from the person in the picture while predicting</source>
        <translation>Beim Vorhersagen von der Person im Bild lernen</translation>
    </message>
    <message>
        <source>Learn from the whole video</source>
        <translation>Aus dem ganzen Video lernen</translation>
    </message>
    <message>
        <source>Learning from the frames that are remembered of the camera. Open a video file to learn from every frame of it.</source>
        <translation>Gelernt wird aus den Bildern, die von der Kamera behalten wurden. Öffnen Sie eine Videodatei, um aus jedem ihrer Bilder zu lernen.</translation>
    </message>
    <message>
        <source>Learning from the video failed ({error}). Nothing was changed; try it again, or with fewer videos.</source>
        <translation>Das Lernen aus dem Video ist gescheitert ({error}). Nichts wurde verändert; versuchen Sie es noch einmal, oder mit weniger Videos.</translation>
    </message>
    <message>
        <source>Learning rate</source>
        <translation>Lernrate</translation>
    </message>
    <message>
        <source>Carries answers along from frame to frame, and learns to agree with its mirror image and with the frames around; a guard undoes harm</source>
        <translation>Trägt Antworten von Bild zu Bild weiter und lernt, mit dem Spiegelbild und den Bildern ringsum übereinzustimmen; ein Wächter macht Schaden rückgängig</translation>
    </message>
    <message>
        <source>Learnt: {updates} on {videos}. Undo (Ctrl+Z) takes it back.</source>
        <translation>Gelernt: {updates} an {videos}. Rückgängig (Strg+Z) nimmt es zurück.</translation>
    </message>
    <message>
        <source>Leave everything as it was (Esc)</source>
        <translation>Alles lassen, wie es war (Esc)</translation>
    </message>
    <message>
        <source>Leave the chosen one out; the video that is open stays</source>
        <translation>Das gewählte weglassen; das offene Video bleibt</translation>
    </message>
    <message>
        <source>Leave the picture alone, stop an offline run</source>
        <translation>Das Bild allein verlassen, einen Offline-Lauf anhalten</translation>
    </message>
    <message>
        <source>Left limbs are warm, right limbs cool; pale means unsure. Several people? Click the one to follow. The chip at the lower left tells what is going on.</source>
        <translation>Linke Glieder sind warm, rechte kühl gefärbt; blass heißt unsicher. Mehrere Personen? Klicken Sie die an, der gefolgt werden soll. Das Schild unten links sagt, was vor sich geht.</translation>
    </message>
    <message>
        <source>Let it learn this person</source>
        <translation>Von dieser Person lernen lassen</translation>
    </message>
    <message>
        <source>Limbs between the predicted joints</source>
        <translation>Glieder zwischen den vorhergesagten Gelenken</translation>
    </message>
    <message>
        <source>Live pictures of all, to choose one by what it sees</source>
        <translation>Live-Bilder von allen, um eine nach dem zu wählen, was sie sieht</translation>
    </message>
    <message>
        <source>Live view</source>
        <translation>Live-Bild</translation>
    </message>
    <message>
        <source>Live view as picture…</source>
        <translation>Live-Bild als Bild…</translation>
    </message>
    <message>
        <source>Load</source>
        <translation>Laden</translation>
    </message>
    <message>
        <source>Loading {name} …</source>
        <translation>{name} wird geladen …</translation>
    </message>
    <message>
        <source>Look through {name}</source>
        <translation>Durch {name} schauen</translation>
    </message>
    <message>
        <source>Looking at this machine …</source>
        <translation>Dieser Rechner wird angesehen …</translation>
    </message>
    <message>
        <source>Looking for cameras…</source>
        <translation>Kameras werden gesucht…</translation>
    </message>
    <message>
        <source>Loop</source>
        <translation>Schleife</translation>
    </message>
    <message>
        <source>Looping</source>
        <translation>Schleife</translation>
    </message>
    <message>
        <source>Mean distance to the true joints, in percent of the box around the person</source>
        <translation>Mittlerer Abstand zu den wahren Gelenken, in Prozent des Rahmens um die Person</translation>
    </message>
    <message>
        <source>Message: {sentence}</source>
        <translation>Meldung: {sentence}</translation>
    </message>
    <message>
        <source>Mirror</source>
        <translation>Spiegeln</translation>
    </message>
    <message>
        <source>Mirror difference</source>
        <translation>Spiegelbild</translation>
    </message>
    <message>
        <source>Mirrored</source>
        <translation>Gespiegelt</translation>
    </message>
    <message>
        <source>More</source>
        <translation>Mehr</translation>
    </message>
    <message>
        <source>Name of the person</source>
        <translation>Name der Person</translation>
    </message>
    <message>
        <source>Neighbours</source>
        <translation>Nachbarn</translation>
    </message>
    <message>
        <source>Carry</source>
        <translation>Weitertragen</translation>
    </message>
    <message>
        <source>Network as ONNX…</source>
        <translation>Netz als ONNX…</translation>
    </message>
    <message>
        <source>New here? A tour shows five places of the window.</source>
        <translation>Neu hier? Ein Rundgang zeigt fünf Stellen des Fensters.</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>Weiter</translation>
    </message>
    <message>
        <source>No KeypointGAN weights are installed. Train one: python main.py train keypointgan …, then choose the file here.</source>
        <translation>Es sind keine Gewichte für KeypointGAN installiert. Trainieren Sie welche: python main.py train keypointgan …, und wählen Sie die Datei dann hier.</translation>
    </message>
    <message>
        <source>No camera answers. Playing the demo instead. Choose a source.</source>
        <translation>Keine Kamera antwortet. Stattdessen läuft die Demo. Wählen Sie eine Quelle.</translation>
    </message>
    <message>
        <source>No camera found</source>
        <translation>Keine Kamera gefunden</translation>
    </message>
    <message>
        <source>No demo clip found</source>
        <translation>Kein Demo-Clip gefunden</translation>
    </message>
    <message>
        <source>No frame was predicted yet. Play the source for a while, then export.</source>
        <translation>Noch wurde kein Bild vorhergesagt. Spielen Sie die Quelle eine Weile ab, und exportieren Sie dann.</translation>
    </message>
    <message>
        <source>No person in the picture: this is the last one</source>
        <translation>Keine Person im Bild: dies ist die letzte</translation>
    </message>
    <message>
        <source>No picture comes</source>
        <translation>Es kommt kein Bild</translation>
    </message>
    <message>
        <source>No picture yet</source>
        <translation>Noch kein Bild</translation>
    </message>
    <message>
        <source>No profile yet</source>
        <translation>Noch kein Profil</translation>
    </message>
    <message>
        <source>Nobody was found in "{name}". Nothing was changed; leave it out, or choose a video that shows the whole person.</source>
        <translation>In „{name}“ wurde niemand gefunden. Nichts wurde verändert; lassen Sie es weg, oder wählen Sie ein Video, das die ganze Person zeigt.</translation>
    </message>
    <message>
        <source>Nothing has been learnt yet. Personalize for a while, then save.</source>
        <translation>Noch ist nichts gelernt. Personalisieren Sie eine Weile, und speichern Sie dann.</translation>
    </message>
    <message>
        <source>Nothing has been learnt yet. Press Personalize (P) and let it run for a while, then save.</source>
        <translation>Noch ist nichts gelernt. Drücken Sie Personalisieren (P), lassen Sie es eine Weile laufen, und speichern Sie dann.</translation>
    </message>
    <message>
        <source>Nothing leaves this machine, and no frame is stored: a profile holds only by how much the network's weights have changed.</source>
        <translation>Nichts verlässt diesen Rechner, und kein Bild wird gespeichert: ein Profil enthält nur, wie sehr sich die Gewichte des Netzes verändert haben.</translation>
    </message>
    <message>
        <source>Nothing to look at yet</source>
        <translation>Noch nichts zu sehen</translation>
    </message>
    <message>
        <source>Nothing was recorded, for no picture came.</source>
        <translation>Nichts wurde aufgenommen, denn es kam kein Bild.</translation>
    </message>
    <message>
        <source>Offline personalization</source>
        <translation>Offline-Personalisierung</translation>
    </message>
    <message>
        <source>Offline rotation</source>
        <translation>Offline-Drehung</translation>
    </message>
    <message>
        <source>Offline updates per frame</source>
        <translation>Offline-Aktualisierungen je Bild</translation>
    </message>
    <message>
        <source>Offline, so many updates are made per remembered frame.</source>
        <translation>Offline werden so viele Aktualisierungen je behaltenem Bild gemacht.</translation>
    </message>
    <message>
        <source>Offline, this share of the pairs is turned (0 to 1).</source>
        <translation>Offline wird dieser Anteil der Paare gedreht (0 bis 1).</translation>
    </message>
    <message>
        <source>Offline…</source>
        <translation>Offline…</translation>
    </message>
    <message>
        <source>On a black stage (rendered, for KeypointGAN)</source>
        <translation>Auf schwarzer Bühne (gerendert, für KeypointGAN)</translation>
    </message>
    <message>
        <source>One moment</source>
        <translation>Einen Moment</translation>
    </message>
    <message>
        <source>Open a video…</source>
        <translation>Ein Video öffnen…</translation>
    </message>
    <message>
        <source>Open a weight file of KeypointGAN</source>
        <translation>Eine Gewichtsdatei von KeypointGAN öffnen</translation>
    </message>
    <message>
        <source>Open image folder</source>
        <translation>Bilderordner öffnen</translation>
    </message>
    <message>
        <source>Open image folder…</source>
        <translation>Bilderordner öffnen…</translation>
    </message>
    <message>
        <source>Open the menu of cameras and files</source>
        <translation>Das Menü der Kameras und Dateien öffnen</translation>
    </message>
    <message>
        <source>Open video</source>
        <translation>Video öffnen</translation>
    </message>
    <message>
        <source>Open video…</source>
        <translation>Video öffnen…</translation>
    </message>
    <message>
        <source>Other people</source>
        <translation>Andere Personen</translation>
    </message>
    <message>
        <source>Overlays</source>
        <translation>Overlays</translation>
    </message>
    <message>
        <source>Own settings</source>
        <translation>Eigene Einstellungen</translation>
    </message>
    <message>
        <source>P&amp;rofiles</source>
        <translation>P&amp;rofile</translation>
    </message>
    <message>
        <source>Pair it with any of all frames seen so far, or with recent ones only.</source>
        <translation>Mit irgendeinem der bisherigen Bilder paaren, oder nur mit neuen.</translation>
    </message>
    <message>
        <source>Passes</source>
        <translation>Durchgänge</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>Perceptual network: VGG-16</source>
        <translation>Wahrnehmungsnetz: VGG-16</translation>
    </message>
    <message>
        <source>Person box</source>
        <translation>Personenrahmen</translation>
    </message>
    <message>
        <source>Person detector: MoveNet by Google</source>
        <translation>Personenfinder: MoveNet von Google</translation>
    </message>
    <message>
        <source>Person mask: MediaPipe Selfie Segmentation by Google</source>
        <translation>Personenmaske: MediaPipe Selfie Segmentation von Google</translation>
    </message>
    <message>
        <source>Personalization</source>
        <translation>Personalisierung</translation>
    </message>
    <message>
        <source>Personalization updates so far</source>
        <translation>Bisherige Aktualisierungen der Personalisierung</translation>
    </message>
    <message>
        <source>Personalize</source>
        <translation>Personalisieren</translation>
    </message>
    <message>
        <source>Personalize for a while, then save what was learnt</source>
        <translation>Eine Weile personalisieren, dann das Gelernte speichern</translation>
    </message>
    <message>
        <source>Personalized</source>
        <translation>Personalisiert</translation>
    </message>
    <message>
        <source>Picture alone</source>
        <translation>Nur das Bild</translation>
    </message>
    <message>
        <source>Pictures (*.png);;Drawings (*.svg)</source>
        <translation>Bilder (*.png);;Zeichnungen (*.svg)</translation>
    </message>
    <message>
        <source>Pictures of the person</source>
        <translation>Bilder der Person</translation>
    </message>
    <message>
        <source>Play</source>
        <translation>Abspielen</translation>
    </message>
    <message>
        <source>Play a folder of images in the order of their names</source>
        <translation>Einen Ordner mit Bildern in der Reihenfolge ihrer Namen abspielen</translation>
    </message>
    <message>
        <source>Play a video file</source>
        <translation>Eine Videodatei abspielen</translation>
    </message>
    <message>
        <source>Play or pause the source</source>
        <translation>Die Quelle abspielen oder anhalten</translation>
    </message>
    <message>
        <source>Play the demo</source>
        <translation>Die Demo abspielen</translation>
    </message>
    <message>
        <source>Play the embedded clip</source>
        <translation>Den eingebauten Clip abspielen</translation>
    </message>
    <message>
        <source>Play the embedded clip {name}</source>
        <translation>Den eingebauten Clip {name} abspielen</translation>
    </message>
    <message>
        <source>Play the file faster</source>
        <translation>Die Datei schneller abspielen</translation>
    </message>
    <message>
        <source>Play the file slower</source>
        <translation>Die Datei langsamer abspielen</translation>
    </message>
    <message>
        <source>Plots</source>
        <translation>Kurven</translation>
    </message>
    <message>
        <source>Plots as picture…</source>
        <translation>Kurven als Bild…</translation>
    </message>
    <message>
        <source>Position</source>
        <translation>Stelle</translation>
    </message>
    <message>
        <source>Position and length</source>
        <translation>Stelle und Länge</translation>
    </message>
    <message>
        <source>Predicting could not be started again. {sentence}</source>
        <translation>Die Vorhersage konnte nicht neu gestartet werden. {sentence}</translation>
    </message>
    <message>
        <source>Predicting has stopped. Press Reset to start it again first.</source>
        <translation>Die Vorhersage steht. Starten Sie sie zuerst mit Zurücksetzen neu.</translation>
    </message>
    <message>
        <source>Predicting or personalizing failed ({error}). Press Reset to start it again.</source>
        <translation>Vorhersagen oder Personalisieren ist gescheitert ({error}). Starten Sie es mit Zurücksetzen neu.</translation>
    </message>
    <message>
        <source>Predicting starts again, with the trained weights.</source>
        <translation>Die Vorhersage beginnt neu, mit den trainierten Gewichten.</translation>
    </message>
    <message>
        <source>Predicting starts again, with what was learnt.</source>
        <translation>Die Vorhersage beginnt neu, mit dem Gelernten.</translation>
    </message>
    <message>
        <source>Preset</source>
        <translation>Voreinstellung</translation>
    </message>
    <message>
        <source>Press a key for {name}</source>
        <translation>Eine Taste für {name} drücken</translation>
    </message>
    <message>
        <source>Profiles</source>
        <translation>Profile</translation>
    </message>
    <message>
        <source>Profiles ({endings});;All files (*)</source>
        <translation>Profile ({endings});;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Put every panel back in its place</source>
        <translation>Jedes Feld an seinen Platz zurückstellen</translation>
    </message>
    <message>
        <source>Put the keypoints back where they were predicted</source>
        <translation>Die Punkte dorthin zurücksetzen, wo sie vorhergesagt waren</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Beenden</translation>
    </message>
    <message>
        <source>Rates</source>
        <translation>Raten</translation>
    </message>
    <message>
        <source>Reconstruction</source>
        <translation>Rekonstruktion</translation>
    </message>
    <message>
        <source>Reconstruction as picture…</source>
        <translation>Rekonstruktion als Bild…</translation>
    </message>
    <message>
        <source>Record</source>
        <translation>Aufnehmen</translation>
    </message>
    <message>
        <source>Record the picture without loss, and the poses in it; click again to stop</source>
        <translation>Das Bild ohne Verlust aufnehmen, und die Posen darin; noch ein Klick beendet</translation>
    </message>
    <message>
        <source>Recorded {seconds} s ({frames} frames) to {folder}.</source>
        <translation>{seconds} s ({frames} Bilder) nach {folder} aufgenommen.</translation>
    </message>
    <message>
        <source>Recorded {seconds} s ({frames} frames, {lost} frames lost) to {folder}.</source>
        <translation>{seconds} s ({frames} Bilder, {lost} verloren) nach {folder} aufgenommen.</translation>
    </message>
    <message>
        <source>Recording failed: {error}.</source>
        <translation>Die Aufnahme ist gescheitert: {error}.</translation>
    </message>
    <message>
        <source>Recover</source>
        <translation>Wiederherstellen</translation>
    </message>
    <message>
        <source>Recovered {seconds} s ({frames} frames) in {folder}.</source>
        <translation>{seconds} s ({frames} Bilder) in {folder} wiederhergestellt.</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Remove a profile from this machine</source>
        <translation>Ein Profil von diesem Rechner entfernen</translation>
    </message>
    <message>
        <source>Rename</source>
        <translation>Umbenennen</translation>
    </message>
    <message>
        <source>Rename a profile</source>
        <translation>Ein Profil umbenennen</translation>
    </message>
    <message>
        <source>Rename…</source>
        <translation>Umbenennen…</translation>
    </message>
    <message>
        <source>Rendered demo clips</source>
        <translation>Gerenderte Demo-Clips</translation>
    </message>
    <message>
        <source>Replace</source>
        <translation>Ersetzen</translation>
    </message>
    <message>
        <source>Reset</source>
        <translation>Zurücksetzen</translation>
    </message>
    <message>
        <source>Reset every</source>
        <translation>Zurücksetzen nach</translation>
    </message>
    <message>
        <source>Reset layout</source>
        <translation>Anordnung zurücksetzen</translation>
    </message>
    <message>
        <source>Reset on cut</source>
        <translation>Zurücksetzen bei Schnitt</translation>
    </message>
    <message>
        <source>Reset to defaults</source>
        <translation>Standardwerte</translation>
    </message>
    <message>
        <source>Rotations</source>
        <translation>Drehungen</translation>
    </message>
    <message>
        <source>Running means</source>
        <translation>Laufende Mittel</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Speichern</translation>
    </message>
    <message>
        <source>Save as…</source>
        <translation>Speichern unter…</translation>
    </message>
    <message>
        <source>Save what was learnt</source>
        <translation>Das Gelernte speichern</translation>
    </message>
    <message>
        <source>Saved {date} UTC</source>
        <translation>Gespeichert {date} UTC</translation>
    </message>
    <message>
        <source>Scope</source>
        <translation>Umfang</translation>
    </message>
    <message>
        <source>See all cameras…</source>
        <translation>Alle Kameras ansehen…</translation>
    </message>
    <message>
        <source>See what it sees</source>
        <translation>Sehen, was es sieht</translation>
    </message>
    <message>
        <source>Self weight</source>
        <translation>Gewicht der Aufgabe</translation>
    </message>
    <message>
        <source>Self-supervised keypoints</source>
        <translation>Selbstgelernte Punkte</translation>
    </message>
    <message>
        <source>Self-supervised loss per update</source>
        <translation>Selbstüberwachter Verlust je Aktualisierung</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Settings…</source>
        <translation>Einstellungen…</translation>
    </message>
    <message>
        <source>Shortcuts</source>
        <translation>Tasten</translation>
    </message>
    <message>
        <source>Show or hide the panel that reads and redraws the person</source>
        <translation>Das Feld zeigen oder ausblenden, das die Person liest und neu zeichnet</translation>
    </message>
    <message>
        <source>Show or hide the panel {name}</source>
        <translation>Das Feld {name} zeigen oder ausblenden</translation>
    </message>
    <message>
        <source>Show the frame before</source>
        <translation>Das Bild davor zeigen</translation>
    </message>
    <message>
        <source>Show the next frame</source>
        <translation>Das nächste Bild zeigen</translation>
    </message>
    <message>
        <source>Show the picture as a mirror would (M).</source>
        <translation>Das Bild wie ein Spiegel zeigen (M).</translation>
    </message>
    <message>
        <source>Show the picture as a mirror would; results stay as they are</source>
        <translation>Das Bild wie ein Spiegel zeigen; Ergebnisse bleiben, wie sie sind</translation>
    </message>
    <message>
        <source>Show what the network sees and learns, or the person alone</source>
        <translation>Zeigen, was das Netz sieht und lernt, oder nur die Person</translation>
    </message>
    <message>
        <source>Shows the points that the network found itself, how they make up the joints, and the pictures that it learns from. E comes back to this view.</source>
        <translation>Zeigt die Punkte, die das Netz selbst gefunden hat, wie sie die Gelenke ergeben, und die Bilder, aus denen es lernt. E kehrt zu dieser Ansicht zurück.</translation>
    </message>
    <message>
        <source>Skeleton</source>
        <translation>Skelett</translation>
    </message>
    <message>
        <source>Skip</source>
        <translation>Überspringen</translation>
    </message>
    <message>
        <source>Slower</source>
        <translation>Langsamer</translation>
    </message>
    <message>
        <source>Smoothing</source>
        <translation>Glätten</translation>
    </message>
    <message>
        <source>So many pairs of pictures are learnt from in one update.</source>
        <translation>Aus so vielen Bildpaaren wird in einer Aktualisierung gelernt.</translation>
    </message>
    <message>
        <source>So many steps are made on each batch.</source>
        <translation>So viele Schritte werden mit jedem Stapel gemacht.</translation>
    </message>
    <message>
        <source>Something went wrong in the window ({error}). You can go on; the details are in {log}.</source>
        <translation>Im Fenster ging etwas schief ({error}). Sie können weitermachen; Näheres steht in {log}.</translation>
    </message>
    <message>
        <source>Source</source>
        <translation>Quelle</translation>
    </message>
    <message>
        <source>Source box</source>
        <translation>Rahmen der Quelle</translation>
    </message>
    <message>
        <source>Source, target, result of update {number}</source>
        <translation>Quelle, Ziel, Ergebnis der Aktualisierung {number}</translation>
    </message>
    <message>
        <source>Sources</source>
        <translation>Quellen</translation>
    </message>
    <message>
        <source>Speed</source>
        <translation>Tempo</translation>
    </message>
    <message>
        <source>Start</source>
        <translation>Starten</translation>
    </message>
    <message>
        <source>Steady</source>
        <translation>Ruhig</translation>
    </message>
    <message>
        <source>Steady what is drawn over the picture; results and recordings stay as predicted</source>
        <translation>Beruhigt, was über das Bild gezeichnet wird; Ergebnisse und Aufnahmen bleiben wie vorhergesagt</translation>
    </message>
    <message>
        <source>Steady what is drawn; results and recordings stay as predicted (S).</source>
        <translation>Beruhigen, was gezeichnet wird; Ergebnisse und Aufnahmen bleiben wie vorhergesagt (S).</translation>
    </message>
    <message>
        <source>Stop {time}</source>
        <translation>Stopp {time}</translation>
    </message>
    <message>
        <source>Tables (*.csv)</source>
        <translation>Tabellen (*.csv)</translation>
    </message>
    <message>
        <source>Take in a profile from a file</source>
        <translation>Ein Profil aus einer Datei aufnehmen</translation>
    </message>
    <message>
        <source>Take this frame</source>
        <translation>Dieses Bild nehmen</translation>
    </message>
    <message>
        <source>Target-source pairs learnt from in a second</source>
        <translation>Paare aus Ziel und Quelle, aus denen je Sekunde gelernt wird</translation>
    </message>
    <message>
        <source>Targets</source>
        <translation>Ziele</translation>
    </message>
    <message>
        <source>Teacher</source>
        <translation>Lehrer</translation>
    </message>
    <message>
        <source>The camera "{camera}" does not answer. Unplug it and plug it in again, or choose another one.</source>
        <translation>Die Kamera „{camera}“ antwortet nicht. Stecken Sie sie aus und wieder ein, oder wählen Sie eine andere.</translation>
    </message>
    <message>
        <source>The camera "{camera}" is there but does not open. Close other programs that use it and check that this one may use the camera, or choose another one.</source>
        <translation>Die Kamera „{camera}“ ist da, lässt sich aber nicht öffnen. Schließen Sie andere Programme, die sie nutzen, und prüfen Sie, ob dieses die Kamera nutzen darf, oder wählen Sie eine andere.</translation>
    </message>
    <message>
        <source>The camera "{camera}" opens but sends no picture. Unplug it and plug it in again, or choose another one.</source>
        <translation>Die Kamera „{camera}“ lässt sich öffnen, sendet aber kein Bild. Stecken Sie sie aus und wieder ein, oder wählen Sie eine andere.</translation>
    </message>
    <message>
        <source>The camera "{camera}" was asked for, but no camera was found. Connect one, and check that it is switched on and not held back by privacy settings.</source>
        <translation>Die Kamera „{camera}“ war verlangt, aber keine Kamera wurde gefunden. Schließen Sie eine an, und prüfen Sie, ob sie eingeschaltet und nicht durch Einstellungen zur Privatsphäre gesperrt ist.</translation>
    </message>
    <message>
        <source>The cameras cannot be listed ({error}).</source>
        <translation>Die Kameras können nicht aufgelistet werden ({error}).</translation>
    </message>
    <message>
        <source>The diagnostics are in the clipboard. Paste them into your report; no picture is in them.</source>
        <translation>Die Diagnose ist in der Zwischenablage. Fügen Sie sie in Ihren Bericht ein; ein Bild ist nicht darin.</translation>
    </message>
    <message>
        <source>The file does not say how long it is</source>
        <translation>Die Datei sagt nicht, wie lang sie ist</translation>
    </message>
    <message>
        <source>The first picture is on its way.</source>
        <translation>Das erste Bild ist unterwegs.</translation>
    </message>
    <message>
        <source>The folder "{path}" holds no pictures. Give a folder with files that end in {endings}.</source>
        <translation>Der Ordner „{path}“ enthält keine Bilder. Geben Sie einen Ordner mit Dateien an, die auf {endings} enden.</translation>
    </message>
    <message>
        <source>The learning rate rises over so many updates.</source>
        <translation>Die Lernrate steigt über so viele Aktualisierungen.</translation>
    </message>
    <message>
        <source>The memory of the graphics card does not suffice. The processor goes on, with what was learnt; it is slower.</source>
        <translation>Der Speicher der Grafikkarte reicht nicht. Der Prozessor macht mit dem Gelernten weiter; er ist langsamer.</translation>
    </message>
    <message>
        <source>The name under which the profile is kept</source>
        <translation>Der Name, unter dem das Profil behalten wird</translation>
    </message>
    <message>
        <source>The network is being written; this takes a while.</source>
        <translation>Das Netz wird geschrieben; das dauert eine Weile.</translation>
    </message>
    <message>
        <source>The network was not written ({error}). Try again.</source>
        <translation>Das Netz wurde nicht geschrieben ({error}). Versuchen Sie es noch einmal.</translation>
    </message>
    <message>
        <source>The network {network} has no self-supervised task and cannot be personalized. Start with --weights of another variant.</source>
        <translation>Das Netz {network} hat keine selbstüberwachte Aufgabe und kann nicht personalisiert werden. Starten Sie mit --weights einer anderen Variante.</translation>
    </message>
    <message>
        <source>The network, as trained, is written to {path}</source>
        <translation>Das Netz, wie trainiert, ist nach {path} geschrieben</translation>
    </message>
    <message>
        <source>The network, personalized by {updates} updates, is written to {path}</source>
        <translation>Das Netz, mit {updates} Aktualisierungen personalisiert, ist nach {path} geschrieben</translation>
    </message>
    <message>
        <source>The next place (right arrow)</source>
        <translation>Die nächste Stelle (Pfeil rechts)</translation>
    </message>
    <message>
        <source>The paper's setting: everything at 1e-4, 32 pairs per update; makes the network in the box worse</source>
        <translation>Die Einstellung der Arbeit: alles mit 1e-4, 32 Paare je Aktualisierung; das mitgelieferte Netz wird damit schlechter</translation>
    </message>
    <message>
        <source>The paper's task with small steps on the last layers only</source>
        <translation>Die Aufgabe der Arbeit mit kleinen Schritten, nur an den letzten Schichten</translation>
    </message>
    <message>
        <source>The picture cannot be written to {path}: its name ends in neither .png nor .svg. Give it one of these endings.</source>
        <translation>Das Bild kann nicht nach {path} geschrieben werden: der Name endet weder auf .png noch auf .svg. Geben Sie ihm eine dieser Endungen.</translation>
    </message>
    <message>
        <source>The place before (left arrow)</source>
        <translation>Die Stelle davor (Pfeil links)</translation>
    </message>
    <message>
        <source>The pose, live</source>
        <translation>Die Pose, live</translation>
    </message>
    <message>
        <source>The predicted joints; opacity is confidence</source>
        <translation>Die vorhergesagten Gelenke; Deckkraft ist Sicherheit</translation>
    </message>
    <message>
        <source>The processor {title} failed ({error}) and was not closed.</source>
        <translation>Der Empfänger {title} ist gescheitert ({error}) und wurde nicht geschlossen.</translation>
    </message>
    <message>
        <source>The processor {title} failed ({error}) and was switched off.</source>
        <translation>Der Empfänger {title} ist gescheitert ({error}) und wurde abgeschaltet.</translation>
    </message>
    <message>
        <source>The profile "{name}" is loaded: {updates}.</source>
        <translation>Das Profil „{name}“ ist geladen: {updates}.</translation>
    </message>
    <message>
        <source>The profile "{name}" is not there any more.</source>
        <translation>Das Profil „{name}“ ist nicht mehr da.</translation>
    </message>
    <message>
        <source>The profile "{name}" is saved.</source>
        <translation>Das Profil „{name}“ ist gespeichert.</translation>
    </message>
    <message>
        <source>The profile "{name}" is written to {path}</source>
        <translation>Das Profil „{name}“ ist nach {path} geschrieben</translation>
    </message>
    <message>
        <source>The program ended before a recording was finished: {names}. What shall become of it?</source>
        <translation>Das Programm endete, bevor eine Aufnahme fertig war: {names}. Was soll aus ihr werden?</translation>
    </message>
    <message>
        <source>The program ended before these recordings were finished: {names}. What shall become of them?</source>
        <translation>Das Programm endete, bevor diese Aufnahmen fertig waren: {names}. Was soll aus ihnen werden?</translation>
    </message>
    <message>
        <source>The rotation variant turns targets in four directions, or in one.</source>
        <translation>Die Variante mit Drehung dreht Ziele in vier Richtungen, oder in eine.</translation>
    </message>
    <message>
        <source>The setting {name} was "{text}"; it must be a number.</source>
        <translation>Die Einstellung {name} war „{text}“; sie muss eine Zahl sein.</translation>
    </message>
    <message>
        <source>The setting {name} was "{text}"; it must be a whole number.</source>
        <translation>Die Einstellung {name} war „{text}“; sie muss eine ganze Zahl sein.</translation>
    </message>
    <message>
        <source>The setting {name} was {value}; it must be 0 or more.</source>
        <translation>Die Einstellung {name} war {value}; sie muss 0 oder mehr sein.</translation>
    </message>
    <message>
        <source>The setting {name} was {value}; it must be from {least} to {most}.</source>
        <translation>Die Einstellung {name} war {value}; sie muss zwischen {least} und {most} liegen.</translation>
    </message>
    <message>
        <source>The setting {name} was {value}; it must be in {range}.</source>
        <translation>Die Einstellung {name} war {value}; sie muss in {range} liegen.</translation>
    </message>
    <message>
        <source>The settings self_weight and consistency were both 0, and nothing would be learnt. Give at least one of them a weight.</source>
        <translation>Die Einstellungen self_weight und consistency waren beide 0, und nichts würde gelernt. Geben Sie mindestens einer ein Gewicht.</translation>
    </message>
    <message>
        <source>The source cannot be opened ({error}).</source>
        <translation>Die Quelle kann nicht geöffnet werden ({error}).</translation>
    </message>
    <message>
        <source>The source cannot be read ({error}). Check it, or choose another one.</source>
        <translation>Die Quelle kann nicht gelesen werden ({error}). Prüfen Sie sie, oder wählen Sie eine andere.</translation>
    </message>
    <message>
        <source>The source does not answer. Check that it is connected and not in use by another program, or choose another source.</source>
        <translation>Die Quelle antwortet nicht. Prüfen Sie, ob sie angeschlossen und nicht von einem anderen Programm belegt ist, oder wählen Sie eine andere.</translation>
    </message>
    <message>
        <source>The source does not answer. Choose another one.</source>
        <translation>Die Quelle antwortet nicht. Wählen Sie eine andere.</translation>
    </message>
    <message>
        <source>The source stopped: {error}.</source>
        <translation>Die Quelle ist stehen geblieben: {error}.</translation>
    </message>
    <message>
        <source>The square that the network sees</source>
        <translation>Das Quadrat, das das Netz sieht</translation>
    </message>
    <message>
        <source>The teacher is asked of so many frames before and after too (0: none, up to 8).</source>
        <translation>Der Lehrer wird auch nach so vielen Bildern davor und danach gefragt (0: keine, bis 8).</translation>
    </message>
    <message>
        <source>How much answers for frames before count, carried along by motion (0: not, below 1).</source>
        <translation>Wie viel die Antworten für frühere Bilder zählen, mit der Bewegung weitergetragen (0: nicht, unter 1).</translation>
    </message>
    <message>
        <source>The unfinished recording stays in {folder}.</source>
        <translation>Die unvollendete Aufnahme bleibt in {folder}.</translation>
    </message>
    <message>
        <source>The value of the paper and its released code</source>
        <translation>Der Wert der Arbeit und ihres veröffentlichten Programms</translation>
    </message>
    <message>
        <source>The video can be played as it is. Recover adds the files of poses that a finished recording has; Keep changes nothing and does not ask again.</source>
        <translation>Das Video kann abgespielt werden, wie es ist. Wiederherstellen fügt die Dateien der Posen hinzu, die eine fertige Aufnahme hat; Behalten ändert nichts und fragt nicht wieder.</translation>
    </message>
    <message>
        <source>There is a profile "{name}" already. Choose another name, or delete that one first.</source>
        <translation>Es gibt schon ein Profil „{name}“. Wählen Sie einen anderen Namen, oder löschen Sie zuerst jenes.</translation>
    </message>
    <message>
        <source>There is a profile of this name.</source>
        <translation>Es gibt schon ein Profil dieses Namens.</translation>
    </message>
    <message>
        <source>There is no camera "{camera}". Choose one of: {cameras}.</source>
        <translation>Es gibt keine Kamera „{camera}“. Wählen Sie eine von: {cameras}.</translation>
    </message>
    <message>
        <source>There is no file "{path}". Give the path of a video file that exists.</source>
        <translation>Es gibt keine Datei „{path}“. Geben Sie den Pfad einer Videodatei an, die es gibt.</translation>
    </message>
    <message>
        <source>There is no folder "{path}". Give a folder that holds pictures.</source>
        <translation>Es gibt keinen Ordner „{path}“. Geben Sie einen Ordner mit Bildern an.</translation>
    </message>
    <message>
        <source>There is no profile yet. Personalize, then save what was learnt.</source>
        <translation>Es gibt noch kein Profil. Personalisieren Sie, und speichern Sie dann das Gelernte.</translation>
    </message>
    <message>
        <source>They are listed in a moment</source>
        <translation>Gleich stehen sie hier</translation>
    </message>
    <message>
        <source>Thin skeletons of whoever is not followed; click one to follow it</source>
        <translation>Dünne Skelette derer, denen nicht gefolgt wird; ein Klick wählt sie</translation>
    </message>
    <message>
        <source>This file cannot be read</source>
        <translation>Diese Datei kann nicht gelesen werden</translation>
    </message>
    <message>
        <source>This machine manages {rate} predictions a second while it learns: switch Personalize off once the pose fits, or choose a smaller batch size in Settings.</source>
        <translation>Dieser Rechner schafft {rate} Vorhersagen je Sekunde, während er lernt: schalten Sie Personalisieren aus, sobald die Pose passt, oder wählen Sie in den Einstellungen eine kleinere Stapelgröße.</translation>
    </message>
    <message>
        <source>This machine manages {rate} predictions a second: close other programs, play files slower, or start with --weights of a lighter network.</source>
        <translation>Dieser Rechner schafft {rate} Vorhersagen je Sekunde: schließen Sie andere Programme, spielen Sie Dateien langsamer ab, oder starten Sie mit --weights eines leichteren Netzes.</translation>
    </message>
    <message>
        <source>This network has no affinity transformer</source>
        <translation>Dieses Netz hat keinen Affinitäts-Transformer</translation>
    </message>
    <message>
        <source>This point informs that joint</source>
        <translation>Dieser Punkt bestimmt jenes Gelenk</translation>
    </message>
    <message>
        <source>This program's own licence is in the file LICENSE. It is built with</source>
        <translation>Die Lizenz dieses Programms selbst steht in der Datei LICENSE. Es ist gebaut mit</translation>
    </message>
    <message>
        <source>This share of the sources is turned apart from its targets (0 to 1).</source>
        <translation>Dieser Anteil der Quellen wird unabhängig von ihren Zielen gedreht (0 bis 1).</translation>
    </message>
    <message>
        <source>Those of the dialog Settings, where they are no preset's</source>
        <translation>Die des Dialogs Einstellungen, wo sie keine Voreinstellung sind</translation>
    </message>
    <message>
        <source>Time from capture to result; 95 of 100 results are faster</source>
        <translation>Zeit von der Aufnahme bis zum Ergebnis; 95 von 100 Ergebnissen sind schneller</translation>
    </message>
    <message>
        <source>Toolbar</source>
        <translation>Werkzeugleiste</translation>
    </message>
    <message>
        <source>Tour</source>
        <translation>Rundgang</translation>
    </message>
    <message>
        <source>Trained share</source>
        <translation>Anteil des Trainierten</translation>
    </message>
    <message>
        <source>Turn and scale pairs as published, or a third as much.</source>
        <translation>Paare drehen und skalieren wie veröffentlicht, oder ein Drittel davon.</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>Undo reset</source>
        <translation>Zurücksetzen rückgängig</translation>
    </message>
    <message>
        <source>Undo the drags</source>
        <translation>Ziehen rückgängig</translation>
    </message>
    <message>
        <source>Unfinished recording</source>
        <translation>Unvollendete Aufnahme</translation>
    </message>
    <message>
        <source>Unfinished recordings</source>
        <translation>Unvollendete Aufnahmen</translation>
    </message>
    <message>
        <source>Update time</source>
        <translation>Zeit der Aktualisierung</translation>
    </message>
    <message>
        <source>Use and remember these settings</source>
        <translation>Diese Einstellungen nutzen und merken</translation>
    </message>
    <message>
        <source>Use as appearance</source>
        <translation>Als Aussehen nehmen</translation>
    </message>
    <message>
        <source>Versions, device, cameras and the newest errors, as text for a report; no pictures</source>
        <translation>Versionen, Gerät, Kameras und die neuesten Fehler, als Text für einen Bericht; keine Bilder</translation>
    </message>
    <message>
        <source>Videos ({endings});;All files (*)</source>
        <translation>Videos ({endings});;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Videos of one person; each is learnt from once</source>
        <translation>Videos einer Person; aus jedem wird einmal gelernt</translation>
    </message>
    <message>
        <source>Views</source>
        <translation>Ansichten</translation>
    </message>
    <message>
        <source>Warm up</source>
        <translation>Aufwärmen</translation>
    </message>
    <message>
        <source>Weight of agreeing with the mirror image; 0: not done.</source>
        <translation>Gewicht der Übereinstimmung mit dem Spiegelbild; 0: keine.</translation>
    </message>
    <message>
        <source>Weight of the paper's task, repainting one frame from another; 0: not done.</source>
        <translation>Gewicht der Aufgabe der Arbeit, ein Bild aus einem anderen neu zu malen; 0: keine.</translation>
    </message>
    <message>
        <source>Weights (*.safetensors);;All files (*)</source>
        <translation>Gewichte (*.safetensors);;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>What cameras are asked for; the status bar says what they deliver</source>
        <translation>Was von Kameras verlangt wird; die Statusleiste sagt, was sie liefern</translation>
    </message>
    <message>
        <source>What has no room in the bar</source>
        <translation>Was in der Leiste keinen Platz hat</translation>
    </message>
    <message>
        <source>What is learnt from</source>
        <translation>Woraus gelernt wird</translation>
    </message>
    <message>
        <source>What is updated: all, features, the last layers (deconvolutions), or the last alone.</source>
        <translation>Was aktualisiert wird: alles (all), die Merkmale (features), die letzten Schichten (deconvolutions) oder nur die letzte (last).</translation>
    </message>
    <message>
        <source>What is wrong</source>
        <translation>Was falsch ist</translation>
    </message>
    <message>
        <source>What the unchanged network predicts, in grey</source>
        <translation>Was das unveränderte Netz vorhersagt, in Grau</translation>
    </message>
    <message>
        <source>What the window speaks, from its next start on.</source>
        <translation>Was das Fenster spricht, ab seinem nächsten Start.</translation>
    </message>
    <message>
        <source>What this program is made of</source>
        <translation>Woraus dieses Programm besteht</translation>
    </message>
    <message>
        <source>What to set</source>
        <translation>Was eingestellt wird</translation>
    </message>
    <message>
        <source>Where the loss is below this, steps are shorter in proportion (0: never).</source>
        <translation>Unter diesem Verlust werden die Schritte im Verhältnis kürzer (0: nie).</translation>
    </message>
    <message>
        <source>Who gets every result</source>
        <translation>Wer jedes Ergebnis bekommt</translation>
    </message>
    <message>
        <source>Whole step loss</source>
        <translation>Verlust für ganze Schritte</translation>
    </message>
    <message>
        <source>Why a key was refused</source>
        <translation>Warum eine Taste abgelehnt wurde</translation>
    </message>
    <message>
        <source>Window</source>
        <translation>Fenster</translation>
    </message>
    <message>
        <source>Without personalization</source>
        <translation>Ohne Personalisierung</translation>
    </message>
    <message>
        <source>Write a copy of a profile to a file</source>
        <translation>Eine Kopie eines Profils in eine Datei schreiben</translation>
    </message>
    <message>
        <source>Write pictures, keypoints or the network</source>
        <translation>Bilder, Punkte oder das Netz schreiben</translation>
    </message>
    <message>
        <source>Write the keypoints of all frames of this source so far</source>
        <translation>Die Punkte aller bisherigen Bilder dieser Quelle schreiben</translation>
    </message>
    <message>
        <source>Write the keypoints of all frames of this source so far, a row per frame</source>
        <translation>Die Punkte aller bisherigen Bilder dieser Quelle schreiben, eine Zeile je Bild</translation>
    </message>
    <message>
        <source>Write the network, personalized as it is now, for other programs</source>
        <translation>Das Netz, personalisiert wie es jetzt ist, für andere Programme schreiben</translation>
    </message>
    <message>
        <source>Write the panel {panel} as it is now, as PNG or SVG</source>
        <translation>Das Feld {panel}, wie es jetzt ist, als PNG oder SVG schreiben</translation>
    </message>
    <message>
        <source>Written to {path}</source>
        <translation>Geschrieben nach {path}</translation>
    </message>
    <message>
        <source>all</source>
        <translation>alle</translation>
    </message>
    <message>
        <source>an update of {pairs} pairs takes about {update} s and a frame comes every {frame} s</source>
        <translation>eine Aktualisierung mit {pairs} Paaren dauert etwa {update} s, und alle {frame} s kommt ein Bild</translation>
    </message>
    <message>
        <source>average</source>
        <translation>Mittel</translation>
    </message>
    <message>
        <source>carried</source>
        <translation>weitergeführt</translation>
    </message>
    <message>
        <source>colour: how much it adds to the joints</source>
        <translation>Farbe: wie viel er zu den Gelenken beiträgt</translation>
    </message>
    <message>
        <source>colour: the weight of that point</source>
        <translation>Farbe: das Gewicht dieses Punkts</translation>
    </message>
    <message>
        <source>compact</source>
        <translation>knapp</translation>
    </message>
    <message>
        <source>contribution</source>
        <translation>Beitrag</translation>
    </message>
    <message>
        <source>current</source>
        <translation>jetziges</translation>
    </message>
    <message>
        <source>deconvolutions</source>
        <translation>Dekonvolutionen</translation>
    </message>
    <message>
        <source>dropped</source>
        <translation>verworfen</translation>
    </message>
    <message>
        <source>error {percent} %</source>
        <translation>Fehler {percent} %</translation>
    </message>
    <message>
        <source>features</source>
        <translation>Merkmale</translation>
    </message>
    <message>
        <source>finding the person</source>
        <translation>sucht die Person</translation>
    </message>
    <message>
        <source>four</source>
        <translation>vier</translation>
    </message>
    <message>
        <source>frozen</source>
        <translation>eingefroren</translation>
    </message>
    <message>
        <source>held back</source>
        <translation>zurückgehalten</translation>
    </message>
    <message>
        <source>jitter {percent} %</source>
        <translation>Zittern {percent} %</translation>
    </message>
    <message>
        <source>keypoint</source>
        <translation>Punkt</translation>
    </message>
    <message>
        <source>keypoints</source>
        <translation>Punkte</translation>
    </message>
    <message>
        <source>last</source>
        <translation>letzte</translation>
    </message>
    <message>
        <source>latency</source>
        <translation>Verzögerung</translation>
    </message>
    <message>
        <source>learning</source>
        <translation>lernt</translation>
    </message>
    <message>
        <source>mean</source>
        <translation>Mittel</translation>
    </message>
    <message>
        <source>mild</source>
        <translation>milder</translation>
    </message>
    <message>
        <source>no label taught it</source>
        <translation>kein Etikett hat ihn gelehrt</translation>
    </message>
    <message>
        <source>now</source>
        <translation>jetzt</translation>
    </message>
    <message>
        <source>off</source>
        <translation>aus</translation>
    </message>
    <message>
        <source>offline {percent}%</source>
        <translation>offline {percent} %</translation>
    </message>
    <message>
        <source>offline · starting</source>
        <translation>offline · beginnt</translation>
    </message>
    <message>
        <source>on</source>
        <translation>an</translation>
    </message>
    <message>
        <source>one</source>
        <translation>eine</translation>
    </message>
    <message>
        <source>own</source>
        <translation>eigener</translation>
    </message>
    <message>
        <source>pairs/s</source>
        <translation>Paare/s</translation>
    </message>
    <message>
        <source>paper: {value}</source>
        <translation>Arbeit: {value}</translation>
    </message>
    <message>
        <source>paused</source>
        <translation>angehalten</translation>
    </message>
    <message>
        <source>per pair</source>
        <translation>je Paar</translation>
    </message>
    <message>
        <source>personalized</source>
        <translation>personalisiert</translation>
    </message>
    <message>
        <source>personalizing</source>
        <translation>personalisiert gerade</translation>
    </message>
    <message>
        <source>prediction only</source>
        <translation>nur Vorhersage</translation>
    </message>
    <message>
        <source>predictions/s</source>
        <translation>Vorhersagen/s</translation>
    </message>
    <message>
        <source>published</source>
        <translation>wie veröffentlicht</translation>
    </message>
    <message>
        <source>random</source>
        <translation>zufälliges</translation>
    </message>
    <message>
        <source>recent</source>
        <translation>neue</translation>
    </message>
    <message>
        <source>reconstruction</source>
        <translation>Rekonstruktion</translation>
    </message>
    <message>
        <source>redrawn</source>
        <translation>neu gezeichnet</translation>
    </message>
    <message>
        <source>restarted</source>
        <translation>neu begonnen</translation>
    </message>
    <message>
        <source>same</source>
        <translation>gleich</translation>
    </message>
    <message>
        <source>skeleton</source>
        <translation>Skelett</translation>
    </message>
    <message>
        <source>source</source>
        <translation>Quelle</translation>
    </message>
    <message>
        <source>starting</source>
        <translation>beginnt</translation>
    </message>
    <message>
        <source>stopped by an error</source>
        <translation>durch einen Fehler angehalten</translation>
    </message>
    <message>
        <source>strict</source>
        <translation>streng</translation>
    </message>
    <message>
        <source>system</source>
        <translation>System</translation>
    </message>
    <message>
        <source>target</source>
        <translation>Ziel</translation>
    </message>
    <message>
        <source>to {names}</source>
        <translation>an {names}</translation>
    </message>
    <message>
        <source>trained</source>
        <translation>trainiert</translation>
    </message>
    <message>
        <source>two lanes</source>
        <translation>zwei Spuren</translation>
    </message>
    <message>
        <source>undone by the guard</source>
        <translation>vom Wächter rückgängig gemacht</translation>
    </message>
    <message>
        <source>update</source>
        <translation>Aktualisierung</translation>
    </message>
    <message>
        <source>updates</source>
        <translation>Aktualisierungen</translation>
    </message>
    <message>
        <source>video</source>
        <translation>Video</translation>
    </message>
    <message>
        <source>videos</source>
        <translation>Videos</translation>
    </message>
    <message>
        <source>weight</source>
        <translation>Gewicht</translation>
    </message>
    <message>
        <source>weights CC BY 4.0, torchvision BSD-3-Clause</source>
        <translation>Gewichte CC BY 4.0, torchvision BSD-3-Clause</translation>
    </message>
    <message>
        <source>whole</source>
        <translation>ganz</translation>
    </message>
    <message>
        <source>without</source>
        <translation>ohne</translation>
    </message>
    <message>
        <source>{camera} has sent the very same picture for {seconds} seconds.</source>
        <translation>{camera} sendet seit {seconds} Sekunden dasselbe Bild.</translation>
    </message>
    <message>
        <source>{camera} has stopped sending pictures.</source>
        <translation>{camera} sendet keine Bilder mehr.</translation>
    </message>
    <message>
        <source>{camera} is back.</source>
        <translation>{camera} ist wieder da.</translation>
    </message>
    <message>
        <source>{count} frames</source>
        <translation>{count} Bildern</translation>
    </message>
    <message>
        <source>{count} frames that were not learnt from</source>
        <translation>{count} Bildern, aus denen nicht gelernt wurde</translation>
    </message>
    <message>
        <source>{joints} joints × {keypoints} self-supervised keypoints</source>
        <translation>{joints} Gelenke × {keypoints} selbstgelernte Punkte</translation>
    </message>
    <message>
        <source>{key} belongs to {owner} already. Give {owner} another key first.</source>
        <translation>{key} gehört schon zu {owner}. Geben Sie {owner} zuerst eine andere Taste.</translation>
    </message>
    <message>
        <source>{names} and {count} more</source>
        <translation>{names} und {count} weitere</translation>
    </message>
    <message>
        <source>{name} from keypoint {number}: {weight}</source>
        <translation>{name} von Punkt {number}: {weight}</translation>
    </message>
    <message>
        <source>{name}: {before} %, then {after} %</source>
        <translation>{name}: {before} %, dann {after} %</translation>
    </message>
    <message>
        <source>{place} of {count}</source>
        <translation>{place} von {count}</translation>
    </message>
    <message>
        <source>{sentence} Trying to reconnect.</source>
        <translation>{sentence} Die Verbindung wird neu gesucht.</translation>
    </message>
    <message>
        <source>{time} left</source>
        <translation>noch {time}</translation>
    </message>
    <message>
        <source>{width} × {height}, {fps} pictures/s</source>
        <translation>{width} × {height}, {fps} Bilder/s</translation>
    </message>
</context>
</TS>
