package org.facestyle.demo

import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Assume.assumeNotNull
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import java.io.File

/**
 * The benchmark activity with the APK's own native library, and real model files.
 *
 * Only where `build.py test --native` has put the library in place. The property
 * facestyle.benchmarks names a folder for each file and what the activity wrote about it, which
 * tests/benchmarks/android/test_sample_app.py reads; the property facestyle.build a build to measure beside the
 * app's.
 */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34], qualifiers = "w400dp-h800dp-xhdpi")
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class ShippedBenchmarkTest {
    @get:Rule
    val temporary = TemporaryFolder()

    @Before
    fun needsTheLibrary() {
        val path = System.getProperty("java.library.path").orEmpty().split(File.pathSeparator)
        val folder = path.find { File(it, "libtensorflowlite_jni.so").exists() }
        assumeNotNull(folder)
        RuntimeEnvironment.getApplication().applicationInfo.nativeLibraryDir = folder
    }

    private fun start(model: File, extras: String = "--es delegate cpu") = BenchmarkRun(
        InterpreterEngine,
        System::nanoTime,
        "--es model $model --es model_sha256 ${model.inputStream().use(::sha256)} " +
            "--ei threads 2 --ei warm_up 2 --ei runs 5 --ef seconds 0.5 --ef sustain_seconds 1.0 " +
            "--es run_id 8c0e5e0b6f5d4d0b9a0c4d1e2f3a4b5c --es output ${BenchmarkRun.OUTPUT} $extras",
    )

    @Test
    fun `every file`() {
        val builds = mutableMapOf("app" to ASSETS)
        System.getProperty("facestyle.build")?.let { builds["build"] = File(it) }
        val results = System.getProperty("facestyle.benchmarks")?.let(::File) ?: temporary.root
        results.deleteRecursively()
        for ((name, build) in builds) {
            val models = models(build)
            assertTrue("$build holds no models", models.isNotEmpty())
            for (model in models) {
                val copy = model.copyTo(File(results, "$name/${model.name}"))
                val text = start(copy).use { it.result() }
                val row = JSONObject(text).getJSONArray("rows").getJSONObject(0)
                val inference = row.getJSONObject("stages").getJSONObject("inference")
                assertTrue(model.name, inference.getInt("runs") >= 5)
                File(copy.parentFile, "${model.nameWithoutExtension}.json").writeText(text)
            }
        }
    }

    @Test
    fun `no GPU here`() {
        val model = models(ASSETS).first()
        start(model, "--es delegate gpu").use { assertTrue(it.failure().startsWith("the GPU ")) }
    }

    @Test
    fun `a file that is no model`() {
        val file = temporary.newFile("garbage.tflite").apply { writeText("no model") }
        start(file).use {
            val told = it.failure()
            assertTrue(told, "not a valid TensorFlow Lite model" in told)
        }
        assertEquals(0, temporary.newFile("empty.tflite").length())
        start(File(temporary.root, "empty.tflite")).use { it.failure() }
    }

    private companion object {
        val ASSETS = File("src/main/assets/facestyle")

        fun models(build: File) =
            build.listFiles { file -> file.extension == "tflite" }.orEmpty().sorted()
    }
}
