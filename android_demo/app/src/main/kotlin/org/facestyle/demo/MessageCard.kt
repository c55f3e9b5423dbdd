package org.facestyle.demo

import android.view.View
import android.widget.Button
import android.widget.TextView

/** A message over the picture, with one thing to do about it. */
class MessageCard(private val card: View) {
    private val text: TextView = card.findViewById(R.id.message_text)
    private val button: Button = card.findViewById(R.id.message_action)
    private val close: View = card.findViewById(R.id.message_close)

    init {
        close.setOnClickListener { hide() }
    }

    /** @param closable whether it can be done without. */
    fun show(message: String, action: Int, closable: Boolean = false, onAction: () -> Unit) {
        text.text = message
        button.setText(action)
        button.setOnClickListener { onAction() }
        close.visibility = if (closable) View.VISIBLE else View.GONE
        card.visibility = View.VISIBLE
    }

    fun hide() {
        card.visibility = View.GONE
    }
}
