plugins {
    alias(libs.plugins.kotlin.jvm)
}

kotlin {
    jvmToolchain(17)
}

dependencies {
    // Android has these classes built in.
    compileOnly("org.json:json:20250517")

    testImplementation("org.json:json:20250517")
    testImplementation("junit:junit:4.13.2")
}

tasks.test {
    systemProperty("facestyle.vectors", file("../../tests/vectors").path)
}
