package org.facestyle.core

import org.json.JSONArray
import org.json.JSONObject

/** What a network needs of a painting, and what people are shown of it. */
class Style(
    /** Lower-case letters, digits, `_` and `-`; 64 at most, the first one a letter or digit. */
    val name: String,
    /** What people are shown. */
    val title: String,
    /** Movement, and who made the painting's picture available; may be empty. */
    val credit: String,
    /** The network's input `style_code`: 128 finite floats. */
    val code: FloatArray,
    /** Name of a picture file, or null. */
    val thumbnail: String? = null,
)

/** Styles of one style encoder: networks with another would misread the codes. */
class StyleBook(
    /** Fingerprint of the style encoder's weights, as [Build.weights]. */
    val weights: String,
    /** By name, each name once. */
    val styles: List<Style>,
) {
    /** The style of a name, or null. */
    operator fun get(name: String): Style? = styles.find { it.name == name }

    /** A book with one more style; one of the same name is replaced. */
    operator fun plus(style: Style): StyleBook =
        StyleBook(weights, (styles.filter { it.name != style.name } + style).sortedBy { it.name })

    /** A book without the style of a name. */
    operator fun minus(name: String): StyleBook =
        StyleBook(weights, styles.filter { it.name != name })

    /** The text of a `styles.json`, which [parseStyles] and `facestyle` read. */
    fun toJson(): String {
        val entries = JSONArray()
        for (style in styles) entries.put(entry(style))
        return JSONObject()
            .put("format", STYLES_FORMAT)
            .put("weights", weights)
            .put("code_size", styles.firstOrNull()?.code?.size ?: 0)
            .put("styles", entries)
            .toString()
    }

    private fun entry(style: Style): JSONObject {
        val code = JSONArray()
        // By its shortest text: a float made a double has eight more digits that mean nothing.
        for (value in style.code) code.put(value.toString().toDouble())
        return JSONObject()
            .put("name", style.name)
            .put("title", style.title)
            .put("credit", style.credit)
            .put("code", code)
            .apply { style.thumbnail?.let { put("thumbnail", it) } }
    }
}

/**
 * Reads a `styles.json`: the one of a build, or one of [StyleBook.toJson].
 *
 * @throws BadFile when it is not one: no JSON, another format, a bad name, a name twice, a code
 *   that is not finite or not as long as the others.
 */
fun parseStyles(json: String): StyleBook = readJson(json, "styles.json", STYLES_FORMAT) { book ->
    val size = book.integer("code_size")
    val styles = book.entries("styles").map { style(it, size) }
    styles.groupBy { it.name }.forEach { (name, all) ->
        if (all.size > 1) throw BadFile("styles.json: the style $name is there ${all.size} times")
    }
    StyleBook(book.text("weights"), styles)
}

private fun style(entry: Entry, size: Int): Style {
    val style = Style(
        entry.text("name"),
        entry.text("title", default = ""),
        entry.text("credit", default = ""),
        entry.floats("code"),
        entry.textOrNull("thumbnail"),
    )
    if (!NAME.matches(style.name)) {
        throw entry.wrong("name", "lower-case letters, digits, _ and -, 64 at most")
    }
    if (style.code.isEmpty() || style.code.size != size) throw entry.wrong("code", "$size numbers")
    return style
}

/**
 * A style between two.
 *
 * @param first code of a network.
 * @param second another code of the same network.
 * @param share 0 for the first one alone, 1 for the second one alone.
 * @throws IllegalArgumentException when [share] is not in 0..1 or the lengths differ.
 */
fun mix(first: FloatArray, second: FloatArray, share: Float): FloatArray {
    require(share in 0f..1f) { "a share lies between 0 and 1, not at $share" }
    require(first.size == second.size) { "codes of ${first.size} and ${second.size} numbers" }
    return FloatArray(first.size) { (1 - share) * first[it] + share * second[it] }
}

private const val STYLES_FORMAT = "facestyle-styles/1"
private val NAME = Regex("[a-z0-9][a-z0-9_-]{0,63}")
