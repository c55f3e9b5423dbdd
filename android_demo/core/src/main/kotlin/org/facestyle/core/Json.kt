package org.facestyle.core

import org.json.JSONArray
import org.json.JSONException
import org.json.JSONObject

/** A file is not what it should be; the message is one line for people. */
class BadFile(message: String) : Exception(message)

/**
 * An object in a JSON file, with errors that say where they are.
 *
 * Types are checked here: Android's `org.json` turns numbers into strings and back unasked.
 *
 * @param where such as `styles.json: styles[3]`.
 */
internal class Entry(private val json: JSONObject, private val where: String) {
    fun text(key: String): String = of(key, "a text")

    fun text(key: String, default: String): String = if (has(key)) text(key) else default

    fun textOrNull(key: String): String? = if (has(key)) text(key) else null

    fun number(key: String): Double = number(of<Any>(key, NUMBER), key, NUMBER)

    fun integer(key: String): Int = integer(of<Any>(key, INTEGER), key)

    fun long(key: String): Long {
        val value = number(of<Any>(key, INTEGER), key, INTEGER)
        if (value != Math.rint(value)) throw wrong(key, INTEGER)
        return value.toLong()
    }

    fun entry(key: String): Entry = Entry(of(key, "an object"), inside(key))

    /** Objects by name. */
    fun named(key: String): Map<String, Entry> {
        val found = of<JSONObject>(key, "an object")
        return found.keys().asSequence().associateWith { name ->
            val value = found.get(name) as? JSONObject ?: throw wrong("$key.$name", "an object")
            Entry(value, inside("$key.$name"))
        }
    }

    fun entries(key: String): List<Entry> = list(key, "a list of objects") { value, at ->
        Entry(value as? JSONObject ?: throw wrong(at, "an object"), inside(at))
    }

    fun integers(key: String): List<Int> = list(key, "a list of integers", ::integer)

    /** Finite ones. */
    fun floats(key: String): FloatArray =
        list(key, "a list of numbers") { value, at ->
            val number = number(value, at, NUMBER).toFloat()
            if (!number.isFinite()) throw wrong(at, "a finite number")
            number
        }.toFloatArray()

    fun has(key: String): Boolean = json.has(key) && !json.isNull(key)

    fun wrong(key: String, wanted: String): BadFile = BadFile("${inside(key)} must be $wanted")

    private inline fun <reified T> of(key: String, wanted: String): T {
        if (!has(key)) throw BadFile("${inside(key)} is missing")
        return json.get(key) as? T ?: throw wrong(key, wanted)
    }

    private fun <T> list(key: String, wanted: String, read: (Any, String) -> T): List<T> {
        val found = of<JSONArray>(key, wanted)
        return List(found.length()) { read(found.get(it), "$key[$it]") }
    }

    private fun number(value: Any, key: String, wanted: String): Double =
        (value as? Number ?: throw wrong(key, wanted)).toDouble()

    private fun integer(value: Any, key: String): Int {
        val number = number(value, key, INTEGER)
        if (number != number.toInt().toDouble()) throw wrong(key, INTEGER)
        return number.toInt()
    }

    private fun inside(key: String) = "$where: $key"

    private companion object {
        const val NUMBER = "a number"
        const val INTEGER = "an integer"
    }
}

/**
 * Reads a JSON file.
 *
 * @param json its text.
 * @param file what to call it in errors.
 * @param format what its member `format` must be.
 * @param read makes something of its outermost object.
 * @throws BadFile when the text is no JSON, of another format, or [read] finds a fault.
 */
internal fun <T> readJson(json: String, file: String, format: String, read: (Entry) -> T): T {
    val entry = try {
        Entry(JSONObject(json), file)
    } catch (_: JSONException) {
        throw BadFile("$file: not JSON, or cut off")
    }
    val found = entry.text("format")
    if (found != format) throw BadFile("$file: of format $found; this app reads $format")
    return read(entry)
}
