package org.facestyle.demo

import android.graphics.Bitmap
import android.graphics.Rect
import android.view.LayoutInflater
import android.view.View
import android.view.ViewGroup
import android.widget.ImageView
import android.widget.TextView
import org.facestyle.core.Style

/** The row of styles: a tap chooses one. */
class StyleStrip(
    private val row: ViewGroup,
    private val thumbnail: (Style) -> Bitmap?,
    private val onChosen: (Style) -> Unit,
    private val onAdd: () -> Unit,
    private val onRemove: (Style) -> Unit,
) {
    private class Item(val style: Style, val view: View)

    private val items = LinkedHashMap<String, Item>()

    /** Fills the row, with the item that adds a style at its end. */
    fun fill(styles: List<Style>) {
        row.removeAllViews()
        items.clear()
        for (style in styles) {
            val item = item(style.shortTitle)
            item.findViewById<ImageView>(R.id.thumbnail).setImageBitmap(thumbnail(style))
            item.setOnClickListener { onChosen(style) }
            item.setOnLongClickListener {
                onRemove(style)
                true
            }
            items[style.name] = Item(style, item)
        }
        val add = item(row.resources.getString(R.string.add_style))
        add.id = R.id.add_style
        add.contentDescription = row.resources.getString(R.string.add_style_hint)
        add.findViewById<ImageView>(R.id.thumbnail).apply {
            setImageResource(R.drawable.ic_add)
            scaleType = ImageView.ScaleType.CENTER
            imageTintList = context.getColorStateList(R.color.ink)
        }
        add.setOnClickListener { onAdd() }
    }

    /** Marks the chosen style, and the one that is mixed in. */
    fun mark(first: String, second: String?) = items.forEach { (name, item) ->
        item.view.isSelected = name == first
        item.view.isActivated = name == second
        // That it is selected is read out anyway.
        val said = if (name == second) R.string.style_mixed_in else R.string.style_of
        item.view.contentDescription = row.resources.getString(said, item.style.title)
    }

    /** Brings a style into view. */
    fun reveal(name: String) {
        val item = items[name]?.view ?: return
        // Once it has been laid out.
        row.post { item.requestRectangleOnScreen(Rect(0, 0, item.width, item.height)) }
    }

    private fun item(text: String): View {
        val item = LayoutInflater.from(row.context).inflate(R.layout.style_item, row, false)
        item.findViewById<TextView>(R.id.name).text = text
        // With larger letters, words shall stay whole.
        val letters = row.resources.configuration.fontScale
        item.layoutParams.width = (item.layoutParams.width * maxOf(1f, letters)).toInt()
        row.addView(item)
        return item
    }
}
