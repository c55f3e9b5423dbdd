package org.facestyle.demo

import android.Manifest
import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.Intent
import android.content.pm.PackageManager
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.net.Uri
import android.os.Bundle
import android.os.Handler
import android.os.Looper
import android.view.View
import android.widget.TextView
import android.widget.Toast
import org.facestyle.core.Style
import java.io.File
import java.io.IOException
import android.provider.Settings as SystemSettings

/** The one screen: a painted picture, live or a photo, and what it is painted with. */
class MainActivity :
    Activity(),
    Desk.Events {
    private val demo get() = application as DemoApplication
    private val main = Handler(Looper.getMainLooper())

    private lateinit var settings: Settings
    private lateinit var ownStyles: OwnStyles
    private lateinit var store: PictureStore
    private lateinit var source: FrameSource
    private lateinit var desk: Desk
    private lateinit var painted: PaintedView
    private lateinit var strip: StyleStrip
    private lateinit var panel: ControlPanel
    private lateinit var message: MessageCard

    private lateinit var choice: Choice
    private var styles = emptyMap<String, Style>()

    /** The photo that is painted; null is live. */
    private var photo: Uri? = null

    /** A kept picture that waits for somebody to choose its place. */
    private var unsaved: File? = null

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        setContentView(R.layout.main)
        val files = demo.studio.files
        settings = Settings(getSharedPreferences("settings", MODE_PRIVATE))
        ownStyles = OwnStyles(File(filesDir, "styles"), files.styles.weights)
        store = PictureStore(contentResolver, PictureProvider.folder(this))
        source = demo.frames(this)
        painted = findViewById(R.id.painted)
        desk = Desk(demo.studio, settings, contentResolver, source, painted, demo.background, this)
        message = MessageCard(findViewById(R.id.message))
        panel = ControlPanel(this, ::change)
        strip = StyleStrip(
            findViewById(R.id.strip),
            ::thumbnail,
            onChosen = { change(choice.tapped(it.name)) },
            onAdd = { pick(PICK_PAINTING) },
        )
        val first = files.styles.styles.first().name
        choice = state?.let { Choice.restored(it, first) } ?: Choice(first)
        @Suppress("DEPRECATION") // the typed one exists from API 33 on
        photo = state?.getParcelable("photo")
        unsaved = state?.getString("unsaved")?.let(::File)
        painted.onCompare = { comparing -> show(R.id.original, comparing) }
        onClick(R.id.live) { paint(null) }
        onClick(R.id.switch_camera) { turnCamera() }
        onClick(R.id.photo) { pick(PICK_PHOTO) }
        onClick(R.id.save, ::save)
        onClick(R.id.share) { paintFull(store::keep, ::share) }
        onClick(R.id.settings) { SettingsDialog(this, settings, ::open, ::showTimes).show() }
        loadStyles()
        strip.reveal(choice.style)
    }

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        choice.save(state)
        state.putParcelable("photo", photo)
        state.putString("unsaved", unsaved?.path)
    }

    override fun onStart() {
        super.onStart()
        open()
    }

    override fun onStop() {
        desk.close()
        main.removeCallbacks(timesAgain)
        super.onStop()
    }

    override fun onTrimMemory(level: Int) {
        super.onTrimMemory(level)
        // Not seen any more; what is shown is painted again on return.
        if (level >= TRIM_MEMORY_BACKGROUND) painted.clear()
    }

    // ---- painting ------------------------------------------------------------------------------

    private fun open() {
        message.hide()
        desk.close()
        painted.clear()
        showTools()
        if (photo == null && !mayUseCamera()) askForCamera() else desk.open(photo, look())
    }

    private fun paint(uri: Uri?) {
        photo = uri
        open()
    }

    private fun turnCamera() {
        desk.close()
        source.turn()
        open()
    }

    private fun look() = choice.look(styles)

    private fun change(to: Choice) {
        choice = to
        val second = styles[choice.second]?.takeIf { choice.mixing }
        strip.mark(choice.style, second?.name)
        panel.show(choice, second)
        desk.paint(look())
    }

    override fun onOpened(processor: Processor, doubt: GoldenCheck.Verdict?) {
        if (settings.processor.gpu && !processor.gpu) say(R.string.no_gpu)
        if (doubt == null) return
        val text = getString(R.string.wrong_result, doubt.psnrDb, doubt.leastDb)
        message.show(text, R.string.close) { message.hide() }
    }

    override fun onPainting() {
        showTools()
        showTimes()
    }

    override fun onModelFailed(error: Exception) {
        stopPainting()
        message.show(getString(R.string.model_failed, error.message), R.string.retry, ::open)
    }

    override fun onBadPicture() =
        message.show(getString(R.string.bad_picture), R.string.pick_photo) { pick(PICK_PHOTO) }

    override fun onSmaller() = say(R.string.smaller)

    override fun onNoMemory() = message.show(getString(R.string.no_memory), R.string.retry, ::open)

    /** What has been painted stays to be seen. */
    private fun stopPainting() {
        desk.close()
        showTools()
    }

    private fun showTools() {
        panel.showDepth(desk.knowsDepth)
        show(R.id.live, photo != null)
        show(R.id.switch_camera, photo == null && source.canTurn)
        for (id in listOf(R.id.save, R.id.share)) findViewById<View>(id).isEnabled = desk.ready
    }

    // ---- times ---------------------------------------------------------------------------------

    private val timesAgain = Runnable(::showTimes)

    private fun showTimes() {
        main.removeCallbacks(timesAgain)
        val session = desk.live
        show(R.id.times, settings.showTimes && session != null)
        if (!settings.showTimes || session == null) return
        val (inference, whole) = session.inference to session.endToEnd
        findViewById<TextView>(R.id.times).text = getString(
            R.string.times,
            inference.percentile(50.0),
            inference.percentile(90.0),
            whole.percentile(50.0),
            whole.percentile(90.0),
            whole.framesPerSecond,
        )
        main.postDelayed(timesAgain, TIMES_MILLIS)
    }

    // ---- styles --------------------------------------------------------------------------------

    private fun loadStyles() {
        val all = demo.studio.files.styles.styles + ownStyles.all()
        styles = all.associateBy { it.name }
        strip.fill(all)
        change(choice)
    }

    private fun thumbnail(style: Style): Bitmap? = try {
        val bytes = demo.studio.files.bytes("thumbnails/${style.name}.jpg")
        BitmapFactory.decodeByteArray(bytes, 0, bytes.size)
    } catch (_: IOException) {
        ownStyles.thumbnail(style)
    }

    private fun addStyle(painting: Uri) {
        val title = getString(R.string.own_style, ownStyles.all().size + 1)
        desk.readStyle(
            painting,
            keep = { square, code -> runCatching { ownStyles.add(title, code, square) } },
        ) { kept ->
            kept.onFailure(::notSaved).onSuccess {
                loadStyles()
                change(choice.tapped(it.name))
                strip.reveal(it.name)
            }
        }
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
                val picture = unsaved
                unsaved = null
                if (uri != null && picture != null) write(picture, uri)
            }
        }
    }

    private fun save() =
        if (store.savesByItself) {
            paintFull({ store.save(store.keep(it)) }) { say(R.string.saved) }
        } else {
            paintFull(store::keep) { picture ->
                unsaved = picture
                start(PictureStore.createDocument(picture), CHOOSE_PLACE, R.string.no_place)
            }
        }

    /** @param keep any failure of which is told: nobody may believe that a picture is there. */
    private fun <T> paintFull(keep: (Bitmap) -> T, then: (T) -> Unit) {
        say(R.string.saving)
        desk.paintFull(keep = { runCatching { keep(it) } }) { kept ->
            kept.onSuccess(then).onFailure(::notSaved)
        }
        showTools()
    }

    private fun write(picture: File, place: Uri) = demo.background.execute {
        val written = runCatching { store.write(picture, place) }
        main.post { written.onSuccess { say(R.string.saved) }.onFailure(::notSaved) }
    }

    private fun share(picture: File) = try {
        startActivity(PictureStore.share(picture))
    } catch (_: ActivityNotFoundException) {
        say(R.string.no_app_to_share)
    }

    private fun notSaved(error: Throwable) = say(getString(R.string.not_saved, error.message))

    // ---- camera and its permission -------------------------------------------------------------

    private fun mayUseCamera() =
        checkSelfPermission(Manifest.permission.CAMERA) == PackageManager.PERMISSION_GRANTED

    private fun askForCamera() = message.show(getString(R.string.allow_camera), R.string.allow) {
        requestPermissions(arrayOf(Manifest.permission.CAMERA), ASK_CAMERA)
    }

    override fun onRequestPermissionsResult(
        request: Int,
        permissions: Array<out String>,
        results: IntArray,
    ) = when {
        results.isEmpty() -> Unit // interrupted; nobody has answered
        results[0] == PackageManager.PERMISSION_GRANTED -> open()
        shouldShowRequestPermissionRationale(Manifest.permission.CAMERA) -> askForCamera()
        else -> message.show(getString(R.string.camera_denied), R.string.open_settings) {
            val page = Uri.fromParts("package", packageName, null)
            startActivity(Intent(SystemSettings.ACTION_APPLICATION_DETAILS_SETTINGS, page))
        }
    }

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
        message.show(getString(R.string.camera_failed, reason), R.string.retry, ::open)

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
        const val ASK_CAMERA = 4
        const val TIMES_MILLIS = 500L
    }
}
