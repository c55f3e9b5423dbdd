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
import android.provider.Settings as SystemSettings
import android.view.View
import android.widget.Button
import android.widget.SeekBar
import android.widget.Switch
import android.widget.TextView
import android.widget.Toast
import java.io.File
import java.io.IOException
import java.util.concurrent.ExecutorService
import java.util.concurrent.Executors
import org.facestyle.core.Style
import org.facestyle.core.cover

/** The one screen: a painted picture, live or a photo, and what it is painted with. */
class MainActivity : Activity() {
    private val demo get() = application as DemoApplication
    private val studio get() = demo.studio
    private val main = Handler(Looper.getMainLooper())

    private lateinit var settings: Settings
    private lateinit var ownStyles: OwnStyles
    private lateinit var source: FrameSource
    private lateinit var store: PictureStore
    private lateinit var painted: PaintedView
    private lateinit var strip: StyleStrip
    private lateinit var choice: Choice
    private var styles = emptyMap<String, Style>()

    /** The photo that is painted; null is live. */
    private var photo: Uri? = null

    // Models and sessions live between onStart and onStop.
    private var worker: ExecutorService? = null
    private var stylizer: Stylizer? = null
    private var live: LiveSession? = null
    private var photoSession: PhotoSession? = null

    /** A painted bitmap that waits for somebody to choose its place. */
    private var unsaved: Bitmap? = null

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        setContentView(R.layout.main)
        settings = Settings(getSharedPreferences("settings", MODE_PRIVATE))
        ownStyles = OwnStyles(File(filesDir, "styles"), studio.files.styles.weights)
        store = PictureStore(contentResolver)
        source = demo.frames(this)
        painted = findViewById(R.id.painted)
        val first = studio.files.styles.styles.first().name
        choice = state?.let { Choice.restored(it, first) } ?: Choice(first)
        @Suppress("DEPRECATION") // the typed one exists from API 33 on
        photo = state?.getParcelable("photo")
        bindControls()
        loadStyles()
        strip.reveal(choice.style)
    }

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        choice.save(state)
        state.putParcelable("photo", photo)
    }

    override fun onStart() {
        super.onStart()
        open()
    }

    override fun onStop() {
        close()
        super.onStop()
    }

    // ---- what is painted -----------------------------------------------------------------------

    private fun open() {
        val thread = Executors.newSingleThreadExecutor { Thread(it, "work") }
        worker = thread
        showMessage(null)
        if (photo == null && !mayUseCamera()) {
            askForCamera()
            return
        }
        val wanted = settings.processor
        thread.execute {
            try {
                val opened = studio.stylizer(wanted)
                val doubt = checkOnce(opened)
                onMain(thread) {
                    stylizer = opened
                    if (wanted.gpu && !opened.processor.gpu) say(R.string.no_gpu)
                    doubt?.let { showMessage(it, R.string.close) { showMessage(null) } }
                    startSession(thread, opened)
                }
            } catch (error: CannotRun) {
                onMain(thread) { modelFailed(error) }
            }
        }
    }

    private fun close() {
        live?.close()
        live = null
        photoSession = null
        val opened = stylizer
        stylizer = null
        // After what it is still painting.
        worker?.execute { opened?.close() }
        worker?.shutdown()
        worker = null
    }

    private fun reopen() {
        close()
        painted.clear()
        open()
    }

    private fun startSession(thread: ExecutorService, opened: Stylizer) {
        val uri = photo
        if (uri != null) {
            startPhoto(thread, opened, uri)
            return
        }
        val session = LiveSession(
            source, opened, painted,
            failed = { failure -> onMain(thread) { cameraFailed(failure) } },
            modelFailed = { error -> onMain(thread) { modelFailed(error) } },
        )
        live = session
        session.paint(choice.look(styles))
        session.start()
        updateTimes()
        updateTools()
    }

    private fun startPhoto(thread: ExecutorService, opened: Stylizer, uri: Uri) = thread.execute {
        try {
            val preview = PhotoFile(contentResolver, uri).read(PREVIEW_SIDE)
            onMain(thread) {
                val session = PhotoSession(thread, opened, painted, preview) { error ->
                    onMain(thread) { modelFailed(error) }
                }
                photoSession = session
                session.paint(choice.look(styles))
                updateTools()
            }
        } catch (_: BadPicture) {
            onMain(thread) {
                showMessage(getString(R.string.bad_picture), R.string.pick_photo, ::pickPhoto)
            }
        }
    }

    /** Checks the golden pair the first time a model runs on a processor; what is wrong, or null. */
    private fun checkOnce(opened: Stylizer): String? {
        val sha256 = studio.chosen("stylizer").sha256
        if (settings.wasRight(sha256, opened.processor)) return null
        val verdict = GoldenCheck(studio).check(opened)
        if (!verdict.right) return getString(R.string.wrong_result, verdict.psnrDb, verdict.leastDb)
        settings.keepRight(sha256, opened.processor)
        return null
    }

    private fun repaint() {
        val look = choice.look(styles)
        live?.paint(look)
        photoSession?.paint(look)
    }

    // ---- controls ------------------------------------------------------------------------------

    private fun bindControls() {
        painted.onCompare = { comparing -> show(R.id.original, comparing) }
        strip = StyleStrip(findViewById(R.id.strip), ::thumbnail, onChosen = { change(choice.tapped(it.name)) }, ::addStyle)
        onSlide(R.id.strength) { change(choice.copy(strength = it)) }
        onSlide(R.id.mix_share) { change(choice.copy(share = it)) }
        findViewById<Switch>(R.id.mix).setOnClickListener {
            change(choice.copy(mixing = (it as Switch).isChecked))
        }
        onClick(R.id.live) { goLive() }
        onClick(R.id.switch_camera) { turnCamera() }
        onClick(R.id.photo) { pickPhoto() }
        onClick(R.id.save) { save(share = false) }
        onClick(R.id.share) { save(share = true) }
        onClick(R.id.settings) { SettingsDialog(this, settings, ::reopen, ::updateTimes).show() }
    }

    private fun change(to: Choice) {
        choice = to
        showChoice()
        repaint()
    }

    private fun showChoice() {
        val second = styles[choice.second]?.takeIf { choice.mixing }
        strip.mark(choice.style, second?.name)
        findViewById<SeekBar>(R.id.strength).progress = percent(choice.strength)
        findViewById<SeekBar>(R.id.mix_share).progress = percent(choice.share)
        findViewById<Switch>(R.id.mix).isChecked = choice.mixing
        findViewById<View>(R.id.mix_share).visibility = if (second != null) View.VISIBLE else View.INVISIBLE
        findViewById<TextView>(R.id.strength_label).text =
            getString(R.string.strength_value, percent(choice.strength))
        findViewById<TextView>(R.id.mix_label).text = when {
            second != null -> getString(R.string.mix_value, percent(choice.share), second.title.substringBefore(" ("))
            choice.mixing -> getString(R.string.mix_hint)
            else -> ""
        }
    }

    private fun updateTools() {
        show(R.id.switch_camera, photo == null && source.canTurn)
        for (id in listOf(R.id.save, R.id.share)) {
            findViewById<View>(id).isEnabled = live != null || photoSession != null
        }
    }

    private fun goLive() {
        photo = null
        reopen()
    }

    private fun turnCamera() {
        close()
        source.turn()
        open()
    }

    private fun updateTimes() {
        main.removeCallbacks(showTimes)
        show(R.id.times, settings.showTimes && live != null)
        if (settings.showTimes && live != null) showTimes.run()
    }

    private val showTimes = object : Runnable {
        override fun run() {
            val session = live ?: return
            val (inference, whole) = session.inference to session.endToEnd
            findViewById<TextView>(R.id.times).text = getString(
                R.string.times,
                inference.percentile(50.0), inference.percentile(90.0),
                whole.percentile(50.0), whole.percentile(90.0), whole.framesPerSecond,
            )
            main.postDelayed(this, TIMES_MILLIS)
        }
    }

    // ---- styles --------------------------------------------------------------------------------

    private fun loadStyles() {
        val all = studio.files.styles.styles + ownStyles.all()
        styles = all.associateBy { it.name }
        strip.fill(all)
        showChoice()
    }

    private fun thumbnail(style: Style): Bitmap? = try {
        val bytes = studio.files.bytes("thumbnails/${style.name}.jpg")
        BitmapFactory.decodeByteArray(bytes, 0, bytes.size)
    } catch (_: IOException) {
        ownStyles.thumbnail(style)
    }

    private fun addStyle() = pick(PICK_PAINTING)

    private fun readStyle(uri: Uri) {
        val thread = worker ?: return
        thread.execute {
            try {
                val style = studio.styleReader().use { reader ->
                    val picture = PhotoFile(contentResolver, uri).read(STYLE_SIDE)
                    val middle = cover(picture.pixels(), picture.width, picture.height, reader.side, reader.side)
                    val square = Bitmap.createBitmap(middle, reader.side, reader.side, Bitmap.Config.ARGB_8888)
                    val title = getString(R.string.own_style, ownStyles.all().size + 1)
                    ownStyles.add(title, reader.read(middle), square)
                }
                onMain(thread) {
                    loadStyles()
                    change(choice.tapped(style.name))
                    strip.reveal(style.name)
                }
            } catch (_: BadPicture) {
                onMain(thread) { say(R.string.bad_picture) }
            } catch (error: CannotRun) {
                onMain(thread) { say(getString(R.string.model_failed, error.message)) }
            } catch (error: IOException) {
                onMain(thread) { say(getString(R.string.not_saved, error.message)) }
            }
        }
    }

    // ---- pictures in and out -------------------------------------------------------------------

    private fun pickPhoto() = pick(PICK_PHOTO)

    private fun pick(request: Int) = try {
        @Suppress("DEPRECATION") // what replaces it is in androidx
        startActivityForResult(PictureStore.pick(), request)
    } catch (_: ActivityNotFoundException) {
        say(R.string.no_picker)
    }

    @Deprecated("What replaces it is in androidx.")
    override fun onActivityResult(request: Int, result: Int, data: Intent?) {
        val uri = data?.data
        if (result != RESULT_OK || uri == null) {
            unsaved = null
            return
        }
        when (request) {
            PICK_PHOTO -> {
                photo = uri
                // Coming back, onStart has not run yet or has: either way it is opened once more.
                if (worker != null) reopen()
            }
            PICK_PAINTING -> main.post { readStyle(uri) }
            CHOOSE_PLACE -> unsaved?.let { bitmap ->
                worker?.execute { writeTo(bitmap, uri) }
                unsaved = null
            }
        }
    }

    private fun save(share: Boolean) {
        val thread = worker ?: return
        val look = choice.look(styles)
        say(R.string.saving)
        val session = live
        val uri = photo
        if (session != null) {
            session.takeSnapshot { taken ->
                val bitmap = Bitmap.createBitmap(taken.argb, taken.side, taken.side, Bitmap.Config.ARGB_8888)
                onMain(thread) { pauseAndPaint(bitmap.copy(Bitmap.Config.ARGB_8888, true), look, share) }
            }
        } else if (uri != null) {
            thread.execute {
                try {
                    val full = readLargest(uri, thread)
                    photoSession?.paintInto(full, look)
                    onMain(thread) { keep(full, share) }
                } catch (_: BadPicture) {
                    onMain(thread) { say(R.string.bad_picture) }
                }
            }
        }
    }

    /** The live loop has the stylizer: it stops for the moment that the photo takes. */
    private fun pauseAndPaint(bitmap: Bitmap, look: Look, share: Boolean) {
        val thread = worker ?: return
        val opened = stylizer ?: return
        live?.close()
        live = null
        thread.execute {
            val photo = PhotoPainter(opened).Photo(bitmap)
            PhotoPainter.colour(bitmap, photo.paint(look))
            onMain(thread) {
                startSession(thread, opened)
                keep(bitmap, share)
            }
        }
    }

    /** As large as it is, or as memory allows. */
    private fun readLargest(uri: Uri, thread: ExecutorService): Bitmap {
        var side = LARGEST_SIDE
        while (true) {
            try {
                return PhotoFile(contentResolver, uri).read(side)
            } catch (error: OutOfMemoryError) {
                side /= 2
                if (side < PREVIEW_SIDE) throw error
                onMain(thread) { say(R.string.no_memory) }
            }
        }
    }

    private fun keep(bitmap: Bitmap, share: Boolean) {
        val name = "facestyle_${System.currentTimeMillis()}"
        if (!store.savesByItself) {
            unsaved = bitmap
            @Suppress("DEPRECATION") // what replaces it is in androidx
            startActivityForResult(PictureStore.createDocument(name), CHOOSE_PLACE)
            return
        }
        val thread = worker ?: return
        thread.execute {
            try {
                val uri = store.save(bitmap, name)
                onMain(thread) { if (share) share(uri) else say(R.string.saved) }
            } catch (error: IOException) {
                onMain(thread) { say(getString(R.string.not_saved, error.message)) }
            }
        }
    }

    private fun writeTo(bitmap: Bitmap, uri: Uri) = try {
        store.write(bitmap, uri)
    } catch (error: IOException) {
        main.post { say(getString(R.string.not_saved, error.message)) }
        Unit
    }

    private fun share(uri: Uri) = try {
        startActivity(PictureStore.share(uri))
    } catch (_: ActivityNotFoundException) {
        say(R.string.no_app_to_share)
    }

    // ---- camera and its permission -------------------------------------------------------------

    private fun mayUseCamera() =
        checkSelfPermission(Manifest.permission.CAMERA) == PackageManager.PERMISSION_GRANTED

    private fun askForCamera() = showMessage(getString(R.string.allow_camera), R.string.allow) {
        requestPermissions(arrayOf(Manifest.permission.CAMERA), ASK_CAMERA)
    }

    override fun onRequestPermissionsResult(request: Int, permissions: Array<out String>, results: IntArray) {
        when {
            results.isEmpty() -> return // interrupted; nobody has answered
            results[0] == PackageManager.PERMISSION_GRANTED -> reopen()
            shouldShowRequestPermissionRationale(Manifest.permission.CAMERA) -> askForCamera()
            else -> showMessage(getString(R.string.camera_denied), R.string.open_settings) {
                val page = Uri.fromParts("package", packageName, null)
                startActivity(Intent(SystemSettings.ACTION_APPLICATION_DETAILS_SETTINGS, page))
            }
        }
    }

    private fun cameraFailed(failure: SourceFailure) = when (failure) {
        SourceFailure.NoCamera -> showMessage(getString(R.string.no_camera), R.string.pick_photo, ::pickPhoto)
        SourceFailure.InUse ->
            showMessage(getString(R.string.camera_failed, getString(R.string.camera_in_use)), R.string.retry, ::reopen)
        is SourceFailure.Other ->
            showMessage(getString(R.string.camera_failed, failure.reason), R.string.retry, ::reopen)
    }

    private fun modelFailed(error: Exception) =
        showMessage(getString(R.string.model_failed, error.message), R.string.retry, ::reopen)

    // ---- small things --------------------------------------------------------------------------

    /** Over the picture, with one thing to do about it; null takes it away. */
    private fun showMessage(text: String?, action: Int = 0, onAction: () -> Unit = {}) {
        show(R.id.message, text != null)
        if (text == null) return
        findViewById<TextView>(R.id.message_text).text = text
        findViewById<Button>(R.id.message_action).apply {
            setText(action)
            setOnClickListener { onAction() }
        }
    }

    private fun say(text: Int) = say(getString(text))

    private fun say(text: String) = Toast.makeText(this, text, Toast.LENGTH_LONG).show()

    /** On the main thread, unless what [thread] belonged to has ended since. */
    private fun onMain(thread: ExecutorService, what: () -> Unit) {
        main.post { if (worker === thread) what() }
    }

    private fun onClick(id: Int, what: () -> Unit) = findViewById<View>(id).setOnClickListener { what() }

    private fun show(id: Int, shown: Boolean) {
        findViewById<View>(id).visibility = if (shown) View.VISIBLE else View.GONE
    }

    private fun onSlide(id: Int, what: (Float) -> Unit) =
        findViewById<SeekBar>(id).setOnSeekBarChangeListener(object : SeekBar.OnSeekBarChangeListener {
            override fun onProgressChanged(bar: SeekBar, progress: Int, byPerson: Boolean) {
                if (byPerson) what(progress / 100f)
            }

            override fun onStartTrackingTouch(bar: SeekBar) = Unit

            override fun onStopTrackingTouch(bar: SeekBar) = Unit
        })

    private fun percent(share: Float) = Math.round(100 * share)

    private companion object {
        const val PICK_PHOTO = 1
        const val PICK_PAINTING = 2
        const val CHOOSE_PLACE = 3
        const val ASK_CAMERA = 4

        /** Pixels: of a photo on the screen, of a painting that is read, of a photo that is saved. */
        const val PREVIEW_SIDE = 1280
        const val STYLE_SIDE = 1024
        const val LARGEST_SIDE = 8192

        const val TIMES_MILLIS = 500L
    }
}
