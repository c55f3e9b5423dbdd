package org.facestyle.demo

import android.Manifest
import android.content.pm.ActivityInfo
import android.content.pm.PackageManager
import android.content.res.Configuration
import android.os.Build
import android.os.SystemClock
import android.view.WindowManager
import org.json.JSONArray
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import org.robolectric.util.ReflectionHelpers
import java.io.File
import java.nio.Buffer
import java.nio.FloatBuffer
import java.nio.file.Files
import java.time.Instant
import java.util.concurrent.CountDownLatch
import java.util.zip.ZipEntry
import java.util.zip.ZipOutputStream

/** The contract of benchmarks/android/README.md, line by line, with a runtime and clock of its own. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [26, 34], qualifiers = "w400dp-h800dp-xhdpi")
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class BenchmarkActivityTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private val engines = MadeEngines()
    private lateinit var model: File

    @Before
    fun makeModel() {
        model = temporary.newFile("0123456789abcdef.tflite")
        model.writeText("a model")
    }

    private fun sha256() = model.inputStream().use(::sha256)

    /** As activity.py has them; a test adds to these, or says it again. */
    private fun extras(more: String = "") =
        "--es model $model --es model_sha256 ${sha256()} --es delegate cpu --ei threads 2 " +
            "--ei warm_up 2 --ei runs 3 --ef seconds 0.0 --ef sustain_seconds 0.0 " +
            "--es run_id 8c0e5e0b --es output ${BenchmarkRun.OUTPUT} $more"

    private fun start(extras: String = extras()) = BenchmarkRun(engines, engines, extras)

    private fun document(more: String = "") = start(extras(more)).use { JSONObject(it.result()) }

    private fun row(more: String = "") = document(more).getJSONArray("rows").getJSONObject(0)

    private fun failure(more: String = "") = start(extras(more)).use { it.failure() }

    private fun JSONObject.stage(name: String) = getJSONObject("stages").getJSONObject(name)

    private fun JSONArray.numbers() = List(length()) { getDouble(it) }

    private fun assertNumbers(wanted: List<Double>, found: List<Double>) {
        assertEquals(wanted.size, found.size)
        for ((a, b) in wanted.zip(found)) assertEquals(a, b, 1e-9)
    }

    // The component

    @Test
    fun `adb may start it, and other apps may not`() {
        val application = RuntimeEnvironment.getApplication()
        val found = application.packageManager
            .getPackageInfo(
                application.packageName,
                PackageManager.GET_ACTIVITIES,
            )
            .activities!!.single { it.name == "org.facestyle.demo.BenchmarkActivity" }
        assertEquals("org.facestyle.demo", application.packageName)
        assertTrue(found.exported)
        assertEquals(Manifest.permission.DUMP, found.permission)
        assertNotEquals(0, found.configChanges and ActivityInfo.CONFIG_ORIENTATION)
    }

    @Test
    fun `the screen stays on, and the activity finishes`() = start().use { run ->
        val flags = run.activity.window.attributes.flags
        assertNotEquals(0, flags and WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
        run.await()
        assertTrue(run.activity.isFinishing)
    }

    @Test
    fun `works on one background thread`() {
        val threads = mutableSetOf<String>()
        engines.meanwhile = { threads += Thread.currentThread().name }
        row()
        assertEquals(setOf("benchmark"), threads)
    }

    @Test
    fun `a phone that is turned does not start it again`() {
        val turned = CountDownLatch(1)
        engines.meanwhile = { turned.await() }
        start().use { run ->
            val landscape = Configuration(run.activity.resources.configuration).apply {
                orientation = Configuration.ORIENTATION_LANDSCAPE
                screenWidthDp = 800
                screenHeightDp = 400
                fontScale = 1.3f
            }
            val before = run.activity
            run.controller.configurationChange(landscape)
            turned.countDown()
            run.result()
            assertEquals(before, run.activity)
        }
        assertEquals(1, engines.opened.size)
    }

    // Extras

    @Test
    fun `without a name for the result it ends quietly`() {
        for (extras in listOf("", "--es model $model", "--ei output 3")) {
            start(extras).use { assertTrue(it.activity.isFinishing) }
        }
        assertEquals(emptyList<String>(), BenchmarkRun.names())
        assertEquals(emptyList<Processor>(), engines.opened)
    }

    @Test
    fun `a name that leads elsewhere is none`() {
        for (name in listOf(
            "../a",
            "a/b",
            "..",
            ".",
            "a.json",
            "/sdcard/a",
            "a\u0000",
            "a".repeat(65),
        )) {
            start(extras("--es output $name")).use { assertTrue(name, it.activity.isFinishing) }
        }
        assertEquals(emptyList<String>(), BenchmarkRun.names())
        assertEquals(emptyList<Processor>(), engines.opened)
    }

    @Test
    fun `what else is missing is told`() {
        val output = "--es output ${BenchmarkRun.OUTPUT}"
        start(output).use { assertEquals("the extra model is missing", it.failure()) }
        start("$output --es model $model").use {
            assertEquals("the extra model_sha256 is missing", it.failure())
        }
    }

    @Test
    fun `by hand, the rest may be left out`() {
        val output = "--es output ${BenchmarkRun.OUTPUT}"
        val found = start("--es model $model --es model_sha256 ${sha256()} $output").use {
            JSONObject(it.result())
        }
        assertEquals(listOf(Processor.cpu(ModelProvider.DEFAULT_THREADS)), engines.opened)
        val inference = found.getJSONArray("rows").getJSONObject(0).stage("inference")
        assertEquals(50, inference.getInt("runs"))
    }

    // How many frames

    @Test
    fun `the first run is one of the warm-up, and at least so many are measured`() {
        engines.takes = { if (it == 0) 15.0 else 7.0 + it }
        val row = row("--ei warm_up 3 --ei runs 4")
        assertEquals(7, engines.runs)
        assertEquals(15.1, row.getDouble("first_run_ms"), 1e-9)
        assertEquals(12.1, row.getDouble("load_ms"), 1e-9)
        val inference = row.stage("inference")
        assertNumbers(
            listOf(10.1, 11.1, 12.1, 13.1),
            inference.getJSONArray("samples_ms").numbers(),
        )
    }

    @Test
    fun `without a warm-up the first run is measured`() {
        engines.takes = { if (it == 0) 15.0 else 7.0 }
        val row = row("--ei warm_up 0 --ei runs 2")
        assertEquals(15.1, row.getDouble("first_run_ms"), 1e-9)
        val found = row.stage("inference").getJSONArray("samples_ms").numbers()
        assertNumbers(listOf(15.1, 7.1), found)
    }

    @Test
    fun `at least so long, end to end`() {
        // 7.5 ms a frame, which a clock that is read between two of them would make 7.6.
        engines.takes = { 7.2 }
        val stage = row("--ei runs 1 --ef seconds 0.75").stage("end_to_end")
        assertEquals(100, stage.getInt("runs"))
        assertEquals(0.75, stage.getDouble("seconds"), 1e-9)
    }

    @Test
    fun `stages follow one another`() {
        val row = row()
        for ((name, ms) in mapOf(
            "preprocess" to 0.1,
            "inference" to 7.1,
            "postprocess" to 0.1,
            "end_to_end" to 7.3,
        )) {
            val stage = row.stage(name)
            assertEquals(name, 3, stage.getInt("runs"))
            assertNumbers(List(3) { ms }, stage.getJSONArray("samples_ms").numbers())
            assertEquals(name, 3 * ms / 1000, stage.getDouble("seconds"), 1e-9)
        }
    }

    @Test
    fun `frames back to back, in windows of ten seconds`() {
        // 500 ms a frame; from the third window on 600.
        engines.takes = { if (it < 42) 499.7 else 599.7 }
        val row = row("--ei warm_up 1 --ei runs 1 --ef sustain_seconds 40")
        val found = row.getJSONObject("sustained")
        assertEquals(40.0, found.getDouble("seconds"), 0.6)
        assertTrue(found.getDouble("seconds") >= 40)
        assertEquals(10.0, found.getDouble("window_seconds"), 0.0)
        assertNumbers(listOf(499.8, 499.8, 599.8, 599.8), found.getJSONArray("p50_ms").numbers())
        assertEquals(0.2, found.getDouble("drift"), 1e-3)
        assertEquals(1, row.stage("inference").getInt("runs"))
    }

    @Test
    fun `none are back to back where none are asked for`() = assertFalse(row().has("sustained"))

    @Test
    fun `times are read with the clock of the contract`() {
        val application = RuntimeEnvironment.getApplication() as DemoApplication
        val before = application.clock.nanos()
        SystemClock.setCurrentTimeMillis(SystemClock.uptimeMillis() + 40)
        assertEquals(40_000_000, application.clock.nanos() - before)
        assertEquals(SystemClock.elapsedRealtimeNanos(), application.clock.nanos())
    }

    // Inputs

    @Test
    fun `inputs are found by name`() {
        val map = engines.inputs[0].copy(kind = "map", shape = listOf(1, 4, 6, 1))
        val one = engines.inputs[2]
        engines.inputs += listOf(
            map.copy(name = "depth"),
            one.copy(name = "depth_low"),
            one.copy(name = "depth_high"),
        )
        row()
        assertEquals(List(5) { 0.5f }, engines.given["style_code"])
        assertEquals(listOf(1f), engines.given["strength"])
        assertEquals(List(24) { 1f }, engines.given["depth"])
        assertEquals(listOf(0f), engines.given["depth_low"])
        assertEquals(listOf(1f), engines.given["depth_high"])
    }

    @Test
    fun `the content is a picture`() {
        row()
        val found = engines.given.getValue("content").map { it.toFloat() }
        assertTrue(found.all { it in 0f..1f })
        assertTrue("${found.toSet()}", found.toSet().size > 10)
    }

    @Test
    fun `style and strength by hand`() {
        row("--efa style_code 1,2,3,4,-5.5 --ef strength 0.25")
        assertEquals(listOf(1f, 2f, 3f, 4f, -5.5f), engines.given["style_code"])
        assertEquals(listOf(0.25f), engines.given["strength"])
        assertEquals("style_code has 2 numbers; the model takes 5", failure("--efa style_code 1,2"))
    }

    @Test
    fun `int8 inputs are quantised`() {
        row()
        val floats = engines.given.getValue("content").map { it.toFloat() }
        val (content, code, strength) = engines.inputs
        engines.inputs = listOf(
            MadeEngines.quantised(content, 1 / 255f, -128),
            MadeEngines.quantised(code, 0.25f, 3),
            MadeEngines.quantised(strength, 1 / 255f, -128),
        )
        engines.outputs = engines.outputs.map { MadeEngines.quantised(it, 1 / 255f, -128) }
        row("--efa style_code 0,0.5,-1,100,-100")
        assertEquals(
            floats.map { Math.rint(it * 255.0).toInt() - 128 },
            engines.given["content"]!!.map(Number::toInt),
        )
        assertEquals(listOf(3, 5, -1, 127, -128), engines.given["style_code"]!!.map(Number::toInt))
        assertEquals(listOf(127), engines.given["strength"]!!.map(Number::toInt))
    }

    // The result

    @Test
    fun `the result tells what was measured`() {
        val begun = Instant.now().minusSeconds(1)
        val found = document()
        assertEquals("facestyle-benchmark/1", found.getString("format"))
        assertTrue(Instant.parse(found.getString("created")) in begun..Instant.now())
        val tools = found.getJSONObject("tools")
        assertEquals("9.9", tools.getString("litert"))
        assertTrue(tools.getString("app").isNotEmpty())
        val device = found.getJSONObject("device")
        assertEquals("android", device.getString("kind"))
        assertEquals("${Build.MANUFACTURER} ${Build.MODEL}", device.getString("name"))
        assertEquals("Android ${Build.VERSION.RELEASE}", device.getString("system"))
        assertEquals(Build.VERSION.SDK_INT, device.getInt("sdk"))
        val row = found.getJSONArray("rows").getJSONObject(0)
        val file = row.getJSONObject("file")
        assertEquals(model.name, file.getString("name"))
        assertEquals(sha256(), file.getString("sha256"))
        assertEquals(model.length(), file.getLong("bytes"))
        assertEquals("tflite", row.getString("format"))
        val runtime = row.getJSONObject("runtime")
        assertEquals("LiteRT", runtime.getString("name"))
        assertEquals("9.9", runtime.getString("version"))
        assertEquals("XNNPACK", runtime.getString("delegate"))
        assertEquals(2, runtime.getInt("threads"))
        assertEquals("8c0e5e0b", row.getJSONObject("conditions").getString("run_id"))
        assertEquals(listOf(Processor.cpu(2)), engines.opened)
        assertEquals(1, engines.closed)
    }

    @Test
    fun `the GPU has threads for what it leaves`() {
        val runtime = row("--es delegate gpu --ei threads 4").getJSONObject("runtime")
        assertEquals("GPU", runtime.getString("delegate"))
        assertEquals(4, runtime.getInt("threads"))
        assertEquals(listOf(Processor(gpu = true, threads = 4)), engines.opened)
    }

    @Test
    fun `the runtime's hash is of the library that is installed`() {
        val folder = temporary.newFolder("lib")
        val library = File(folder, "libtensorflowlite_jni.so").apply { writeText("a library") }
        RuntimeEnvironment.getApplication().applicationInfo.nativeLibraryDir = folder.path
        val wanted = library.inputStream().use(::sha256)
        assertEquals(wanted, row().getJSONObject("runtime").getString("sha256"))
    }

    @Test
    fun `or of the one in the APK for this processor`() {
        ReflectionHelpers.setStaticField(
            Build::class.java,
            "SUPPORTED_ABIS",
            arrayOf("riscv64", "arm64-v8a", "armeabi-v7a"),
        )
        val archive = temporary.newFile("base.apk")
        ZipOutputStream(archive.outputStream()).use { zip ->
            for (abi in listOf("x86_64", "armeabi-v7a", "arm64-v8a")) {
                zip.putNextEntry(ZipEntry("lib/$abi/libtensorflowlite_jni.so"))
                zip.write(abi.toByteArray())
            }
        }
        val info = RuntimeEnvironment.getApplication().applicationInfo
        info.nativeLibraryDir = temporary.newFolder("empty").path
        info.sourceDir = archive.path
        val wanted = sha256("arm64-v8a".byteInputStream())
        assertEquals(wanted, row().getJSONObject("runtime").getString("sha256"))
    }

    @Test
    fun `it is seen whole, under its name`() {
        val other = temporary.newFile("other")
        engines.meanwhile = {
            // Nothing is there before the end. What is written in place would go through the link.
            if (it == 0) {
                assertEquals(emptyList<String>(), BenchmarkRun.names())
                Files.createSymbolicLink(BenchmarkRun.result.toPath(), other.toPath())
            }
        }
        row()
        assertFalse(Files.isSymbolicLink(BenchmarkRun.result.toPath()))
        assertEquals(0, other.length())
    }

    @Test
    fun `one result takes the place of another`() {
        row()
        failure("--es model_sha256 0")
        row()
    }

    // Failures: one line, and nothing else

    @Test
    fun `another file than was sent`() {
        val told = "the model on the phone is not the one that was sent"
        assertEquals(told, failure("--es model_sha256 ${"0".repeat(64)}"))
        assertEquals(emptyList<Processor>(), engines.opened)
    }

    @Test
    fun `no file`() {
        val told = failure("--es model $model.other")
        assertTrue(told, told.startsWith("cannot read the model: $model.other"))
    }

    @Test
    fun `a delegate that cannot be had is never replaced`() {
        val opened = mutableListOf<Processor>()
        val none = EngineFactory { _, processor ->
            opened += processor
            throw CannotRun("the GPU delegate does not take this model:\n  MIRROR_PAD\n")
        }
        BenchmarkRun(none, engines, extras("--es delegate gpu")).use {
            assertEquals("the GPU delegate does not take this model: MIRROR_PAD", it.failure())
        }
        assertEquals(listOf(Processor(gpu = true, threads = 2)), opened)
    }

    @Test
    fun `a delegate that nobody knows is not the CPU`() {
        assertEquals("there is no delegate nnapi, only cpu and gpu", failure("--es delegate nnapi"))
        assertEquals("0 threads; at least 1 is needed", failure("--ei threads 0"))
        assertEquals(emptyList<Processor>(), engines.opened)
    }

    @Test
    fun `what the runtime throws is told, however bad`() {
        for ((thrown, told) in mapOf(
            IllegalStateException("Internal error:\nnode 3 failed") to
                "Internal error: node 3 failed",
            NullPointerException() to "java.lang.NullPointerException",
            OutOfMemoryError("of 8 GB") to "java.lang.OutOfMemoryError: of 8 GB",
            UnsatisfiedLinkError("no library") to "java.lang.UnsatisfiedLinkError: no library",
        )) {
            engines.meanwhile = { throw thrown }
            assertEquals(told, failure())
        }
        assertEquals(engines.opened.size, engines.closed)
    }

    @Test
    fun `an output that is no number`() {
        val broken = EngineFactory { model, processor ->
            val whole = engines.open(model, processor)
            object : Engine by whole {
                override fun bind(
                    inputs: Map<String, Buffer>,
                    outputs: Map<String, Buffer>,
                ): () -> Unit = {
                    (outputs.getValue("stylized") as FloatBuffer).put(5, Float.NaN)
                }
            }
        }
        BenchmarkRun(broken, engines, extras()).use {
            assertEquals("pixel 1 of the network's output is not finite", it.failure())
        }
    }
}
