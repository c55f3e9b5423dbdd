package org.facestyle.demo

import android.app.Activity
import android.app.AlertDialog
import android.app.Dialog
import android.content.ActivityNotFoundException
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.net.Uri
import android.os.Bundle
import android.os.Handler
import android.os.Looper
import android.view.View
import android.widget.TextView
import android.widget.Toast
import org.facestyle.core.BadFile
import org.facestyle.core.Style
import org.facestyle.core.StyleBook
import java.io.File
import java.io.IOException

/** The one screen: a painted picture, live or a photo, and what it is painted with. */
class MainActivity :
    Activity(),
    MainViewModel.Listener {
    private val demo get() = application as DemoApplication
    private val main = Handler(Looper.getMainLooper())

    private lateinit var settings: Settings
    private lateinit var ownStyles: OwnStyles
    private lateinit var newStyles: NewStyles
    private lateinit var store: PictureStore
    private lateinit var saving: Saving
    private lateinit var source: FrameSource
    private lateinit var viewModel: MainViewModel
    private lateinit var painted: PaintedView
    private lateinit var strip: StyleStrip
    private lateinit var panel: ControlPanel
    private lateinit var message: MessageCard
    private lateinit var permission: CameraPermission

    private var dialog: Dialog? = null

    private lateinit var choice: Choice
    private var styles = emptyMap<String, Style>()

    /** The photo that is painted; null is live. */
    private var photo: Uri? = null

    /** Whether the app's files were found and understood. */
    private var prepared = false

    /** Kept pictures that wait for somebody to choose their places, one after the other. */
    private val unsaved = ArrayDeque<File>()

    /** Always the same, so that the event channel knows it again. */
    private val onOutcome: (Outcome) -> Unit = ::tell

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        setContentView(R.layout.main)
        message = MessageCard(findViewById(R.id.message))
        permission = CameraPermission(this, message, onGranted = ::open)
        try {
            prepare(demo.models.files.styles, state)
        } catch (error: IOException) {
            cannotStart(error)
        } catch (error: BadFile) {
            cannotStart(error)
        }
    }

    private fun prepare(book: StyleBook, state: Bundle?) {
        settings = Settings(getSharedPreferences("settings", MODE_PRIVATE))
        ownStyles = demo.ownStyles
        newStyles =
            NewStyles(demo.models, ownStyles, contentResolver, demo.background, demo.events)
        store = PictureStore(contentResolver, PictureProvider.folder(this))
        saving = Saving(store, demo.background, demo.events)
        source = demo.frames(this)
        painted = findViewById(R.id.painted)
        panel = ControlPanel(this, ::change)
        strip = StyleStrip(
            findViewById(R.id.strip),
            ::thumbnail,
            onChosen = { change(choice.tapped(it.name)) },
            onAdd = { pick(PICK_PAINTING) },
            onRemove = ::askToRemove,
        )
        val first = book.styles.first().name
        choice = state?.let { Choice.restored(it, first) } ?: Choice(first)
        if (state != null) restore(state)
        viewModel = MainViewModel(
            demo.models,
            settings,
            contentResolver,
            source,
            painted,
            demo.freeMemory,
            listener = this,
        )
        painted.onCompare = { comparing -> show(R.id.original, comparing) }
        onClick(R.id.live) { paint(null) }
        onClick(R.id.switch_camera) { turnCamera() }
        onClick(R.id.photo) { pick(PICK_PHOTO) }
        onClick(R.id.save) { paintFull(saving.save) }
        onClick(R.id.share) { paintFull(saving.share) }
        onClick(R.id.settings) {
            dialog = SettingsDialog(this, settings, ::open, ::showTimes).show()
        }
        loadStyles()
        strip.reveal(choice.style)
        prepared = true
    }

    /** Built without `facestyle android BUILD`, or from a damaged one. */
    private fun cannotStart(error: Exception) =
        message.show(getString(R.string.no_files, error.reason), R.string.close) { finish() }

    private fun restore(state: Bundle) {
        @Suppress("DEPRECATION") // the typed one exists from API 33 on
        photo = state.getParcelable("photo")
        unsaved.addAll(state.getStringArrayList("unsaved").orEmpty().map(::File))
        source.front = state.getBoolean("front", true)
    }

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        if (!prepared) return
        choice.save(state)
        state.putParcelable("photo", photo)
        state.putStringArrayList("unsaved", ArrayList(unsaved.map { it.path }))
        state.putBoolean("front", source.front)
    }

    override fun onStart() {
        super.onStart()
        if (!prepared) return
        open()
        demo.events.open(onOutcome)
    }

    override fun onStop() {
        demo.events.close(onOutcome)
        dialog?.dismiss()
        if (prepared) viewModel.close()
        main.removeCallbacks(timesAgain)
        main.removeCallbacks(stillPainting)
        super.onStop()
    }

    override fun onTrimMemory(level: Int) {
        super.onTrimMemory(level)
        // Not seen any more; what is shown is painted again on return.
        if (prepared && level >= TRIM_MEMORY_BACKGROUND) painted.clear()
    }

    // ---- painting ------------------------------------------------------------------------------

    private fun open() {
        message.hide()
        viewModel.close()
        painted.clear()
        showTools()
        if (photo == null && !permission.granted) {
            permission.ask()
        } else {
            show(R.id.progress, true)
            viewModel.open(photo, look())
        }
    }

    private fun paint(uri: Uri?) {
        photo = uri
        open()
    }

    private fun turnCamera() {
        viewModel.close()
        source.front = !source.front
        open()
    }

    private fun look() = choice.look(styles)

    private fun change(to: Choice) {
        choice = to
        val second = styles[choice.second]?.takeIf { choice.mixing }
        strip.mark(choice.style, second?.name)
        panel.show(choice, second)
        viewModel.paint(look())
    }

    override fun onOpened(processor: Processor, doubt: GoldenCheck.Verdict?) {
        if (settings.processor.gpu && !processor.gpu) {
            say(R.string.no_gpu)
            // Said once.
            settings.processor = processor
        }
        if (doubt == null) return
        val text = getString(R.string.wrong_result, doubt.psnrDb, doubt.leastDb)
        message.show(text, R.string.close) { message.hide() }
    }

    override fun onPainting() {
        showTools()
        showTimes()
    }

    override fun onModelFailed(reason: String) {
        stopPainting()
        val text = getString(R.string.model_failed, reason)
        if (settings.processor.gpu) {
            message.show(text, R.string.use_processor) {
                settings.processor = Processor.cpu(ModelProvider.DEFAULT_THREADS)
                open()
            }
        } else {
            message.show(text, R.string.retry, onAction = ::open)
        }
    }

    override fun onBadPicture() {
        stopPainting()
        message.show(getString(R.string.bad_picture), R.string.pick_photo) { pick(PICK_PHOTO) }
    }

    override fun onNoMemory() {
        stopPainting()
        message.show(getString(R.string.no_memory), R.string.retry, onAction = ::open)
    }

    /** What has been painted stays to be seen. */
    private fun stopPainting() {
        viewModel.close()
        showTools()
    }

    private fun showTools() {
        panel.showDepth(viewModel.knowsDepth)
        painted.keepScreenOn = viewModel.live != null
        show(R.id.progress, false)
        show(R.id.live, photo != null)
        show(R.id.switch_camera, photo == null && source.canTurn)
        for (id in listOf(R.id.save, R.id.share)) findViewById<View>(id).isEnabled = viewModel.ready
    }

    // ---- times ---------------------------------------------------------------------------------

    private val timesAgain = Runnable(::showTimes)

    private fun showTimes() {
        main.removeCallbacks(timesAgain)
        val session = viewModel.live
        val wanted = settings.showTimes && session != null
        val measured = session?.intervals?.framesPerSecond ?: 0.0
        show(R.id.times, wanted && measured > 0)
        if (!wanted || session == null) return
        val (inference, whole) = session.inference to session.endToEnd
        findViewById<TextView>(R.id.times).text = getString(
            R.string.times,
            inference.percentile(50.0),
            inference.percentile(90.0),
            whole.percentile(50.0),
            whole.percentile(90.0),
            measured,
        )
        main.postDelayed(timesAgain, TIMES_MILLIS)
    }

    // ---- styles --------------------------------------------------------------------------------

    private fun loadStyles() {
        val all = demo.models.files.styles.styles + ownStyles.all()
        styles = all.associateBy { it.name }
        strip.fill(all)
        change(choice)
    }

    private fun thumbnail(style: Style): Bitmap? = try {
        val bytes = demo.models.files.bytes("thumbnails/${style.name}.jpg")
        BitmapFactory.decodeByteArray(bytes, 0, bytes.size)
    } catch (_: IOException) {
        ownStyles.thumbnail(style)
    }

    private fun addStyle(painting: Uri) {
        say(R.string.reading)
        val taken = ownStyles.all().map { it.title }.toSet()
        val free = generateSequence(1) { it + 1 }.map { getString(R.string.own_style, it) }
        newStyles.add(painting, free.first { it !in taken })
    }

    private fun onAdded(style: Style) {
        loadStyles()
        change(choice.tapped(style.name))
        strip.reveal(style.name)
    }

    private fun askToRemove(style: Style) {
        if (demo.models.files.styles[style.name] != null) return
        dialog = AlertDialog.Builder(this)
            .setMessage(getString(R.string.remove_style, style.title))
            .setNegativeButton(R.string.close, null)
            .setPositiveButton(R.string.remove) { _, _ -> remove(style) }
            .show()
    }

    private fun remove(style: Style) = try {
        ownStyles.remove(style)
        val first = demo.models.files.styles.styles.first().name
        choice = choice.without(style.name, first)
        loadStyles()
    } catch (error: IOException) {
        say(getString(R.string.not_saved, error.reason))
    }

    // ---- pictures in and out -------------------------------------------------------------------

    private fun pick(request: Int) = start(PictureStore.pick(), request, R.string.no_picker)

    private fun start(intent: Intent, request: Int, nobody: Int) = try {
        @Suppress("DEPRECATION") // what replaces it is in androidx
        startActivityForResult(intent, request)
    } catch (_: ActivityNotFoundException) {
        say(nobody)
    }

    @Deprecated("What replaces it is in androidx.")
    override fun onActivityResult(request: Int, result: Int, data: Intent?) {
        val uri = data?.data?.takeIf { result == RESULT_OK }
        when (request) {
            PICK_PHOTO -> uri?.let(::paint)
            PICK_PAINTING -> uri?.let(::addStyle)
            CHOOSE_PLACE -> {
                val picture = unsaved.removeFirstOrNull()
                if (uri != null && picture != null) saving.write(picture, uri)
                choosePlace()
            }
        }
    }

    private fun paintFull(to: MainViewModel.FullSize) {
        say(R.string.saving)
        viewModel.paintFull(to)
        showTools()
        main.removeCallbacks(stillPainting)
        main.postDelayed(stillPainting, PATIENCE_MILLIS)
    }

    /** What takes longer than people expect shows that it goes on. */
    private val stillPainting = Runnable { if (viewModel.busy) show(R.id.progress, true) }

    private fun choosePlace() {
        val picture = unsaved.firstOrNull() ?: return
        start(PictureStore.createDocument(picture), CHOOSE_PLACE, R.string.no_place)
    }

    /** What was done in the background, perhaps for a screen that is gone. */
    private fun tell(outcome: Outcome) = when (outcome) {
        Outcome.Saved -> say(R.string.saved)
        is Outcome.NotSaved -> say(whyNot(outcome.error))
        Outcome.Smaller -> say(R.string.smaller)
        is Outcome.Plainer -> say(getString(R.string.plainer, outcome.reason))
        is Outcome.ToShare -> share(outcome.picture)
        is Outcome.ToPlace -> {
            unsaved.addLast(outcome.picture)
            // Another one may be waiting for its place.
            if (unsaved.size == 1) choosePlace() else Unit
        }
        is Outcome.StyleAdded -> onAdded(outcome.style)
        Outcome.BadPainting -> paintingFailed(getString(R.string.bad_picture))
        is Outcome.NotRead -> paintingFailed(getString(R.string.model_failed, outcome.reason))
        Outcome.NoMemory -> paintingFailed(getString(R.string.no_memory))
    }

    private fun whyNot(error: Throwable): String = when (error) {
        is Interrupted -> getString(R.string.interrupted)
        is OutOfMemoryError -> getString(R.string.no_memory)
        is BadPicture -> getString(R.string.bad_picture)
        else -> getString(R.string.not_saved, error.reason)
    }

    private fun paintingFailed(text: String) =
        message.show(text, R.string.pick_painting, closable = true) { pick(PICK_PAINTING) }

    private fun share(picture: File) = try {
        startActivity(PictureStore.share(picture))
    } catch (_: ActivityNotFoundException) {
        say(R.string.no_app_to_share)
    }

    // ---- camera and its permission -------------------------------------------------------------

    override fun onRequestPermissionsResult(
        request: Int,
        permissions: Array<out String>,
        results: IntArray,
    ) = permission.answered(request, results)

    override fun onCameraFailed(failure: SourceFailure) {
        stopPainting()
        when (failure) {
            SourceFailure.NoCamera -> message.show(
                getString(R.string.no_camera),
                R.string.pick_photo,
            ) { pick(PICK_PHOTO) }
            SourceFailure.InUse -> retryCamera(getString(R.string.camera_in_use))
            is SourceFailure.Other -> retryCamera(failure.reason)
        }
    }

    private fun retryCamera(reason: String) =
        message.show(getString(R.string.camera_failed, reason), R.string.retry, onAction = ::open)

    // ---- small things --------------------------------------------------------------------------

    private fun say(text: Int) = say(getString(text))

    private fun say(text: String) = Toast.makeText(this, text, Toast.LENGTH_LONG).show()

    private fun onClick(id: Int, what: () -> Unit) =
        findViewById<View>(id).setOnClickListener { what() }

    private fun show(id: Int, shown: Boolean) {
        findViewById<View>(id).visibility = if (shown) View.VISIBLE else View.GONE
    }

    private companion object {
        const val PICK_PHOTO = 1
        const val PICK_PAINTING = 2
        const val CHOOSE_PLACE = 3
        const val TIMES_MILLIS = 500L
        const val PATIENCE_MILLIS = 2000L
    }
}
